-- Sends the requests of a file one after the other; each thread has a file of its own.
-- Arguments: the common name of the files, and "repeat" to start again at the end of a file.

local width = 8
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  file = assert(io.open(args[1] .. "." .. number, "rb"))
  is_repeated = args[2] == "repeat"
end

function request()
  local length = file:read(width)
  if not length then
    if is_repeated then
      file:seek("set", 0)
      length = file:read(width)
    else
      wrk.thread:stop()
      return last
    end
  end
  last = file:read(tonumber(length))
  return last
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "p50": %g, "p99": %g, "status": %d, "connect": %d, '
      .. '"read": %d, "write": %d, "timeout": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end

-- Sends each request of a file once: method, path, headers and body, tab separated, one request per line.
local requests, position = {}, 0

function init()
  for line in io.lines(os.getenv("BENCH_REQUESTS")) do requests[#requests + 1] = line end
end

function request()
  position = position + 1
  local line = requests[position] or error("the requests ran out: the bench measured nothing")
  local method, path, headers, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
  local fields = {}
  for name, value in headers:gmatch("([^:|]+):([^|]*)") do fields[name] = value end
  return wrk.format(method, path, fields, body)
end

function done(summary, latency, requests)
  io.write(string.format('{"requests": %d, "seconds": %.6f, "refused": %d, "broken": %d, "p50": %.3f, "p95": %.3f}\n',
    summary.requests, summary.duration / 1e6, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000))
end

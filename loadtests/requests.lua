-- Requests for wrk: one path (REQUEST_PATH), several browsers in turn, a number as cache buster, the headers that
-- browsers and mail programs send. All are formatted before the run, so that the client's core only sends.
-- {n} in the path becomes a number below REQUEST_NUMBERS; there are REQUESTS different requests, and REQUEST_REFERRER is where they come from.
-- At the end prints one line for the scripts: "sample", requests, microseconds, p50 and p99 in microseconds, errors.

local distinctRequests = tonumber(os.getenv("REQUESTS") or 256)
local numbers = tonumber(os.getenv("REQUEST_NUMBERS") or 1)
local referrer = os.getenv("REQUEST_REFERRER") or "https://mail.example.com/"

local browsers = {
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    .. "Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
  "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 "
    .. "Edg/126.0.0.0",
  "Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 "
    .. "Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 "
    .. "Chrome/121.0.0.0 Mobile Safari/537.36",
}

local prepared = {}
local last = 0

function init()
  local path = os.getenv("REQUEST_PATH")
  for index = 1, distinctRequests do
    local number = math.floor((index - 1) * numbers / distinctRequests)
    prepared[index] = wrk.format("GET", path:gsub("{n}", number) .. "?n=" .. index, {
      ["User-Agent"] = browsers[index % #browsers + 1],
      ["Accept"] = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
      ["Accept-Encoding"] = "gzip, deflate",
      ["Accept-Language"] = "en-GB,en;q=0.9",
      ["Referer"] = referrer,
    })
  end
end

function request()
  last = last % distinctRequests + 1
  return prepared[last]
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format("sample %d %d %d %d %d", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end

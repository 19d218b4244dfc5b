-- Events for wrk: batches of BATCH events to /v1/bulk-track (Artie), or one event to /v1/track (Millimetric) when BATCH is 1.
-- Every event has an id of its own, as senders give it, so none is recognised as a repetition; PREFIX keeps rounds apart.
-- At the end prints one line for ingest.sh: "sample", requests, microseconds, p50 and p99 in microseconds, errors.

local batch = tonumber(os.getenv("BATCH"))
local prefix = os.getenv("PREFIX")
local number = 0

local names = { "signup", "purchase", "page_viewed", "plan_changed" }
local artie = '{"messageId":"%s-%d","event":"%s","timestamp":"2025-10-29T22:00:00.778Z",'
  .. '"properties":{"plan":"basic","accountType":"email","freeTrial":true,"seats":%d}}'
local millimetric = '{"event":"%s","event_id":"%s-%d","timestamp":"2026-05-16T19:00:00.000Z","anonymous_id":"u_%d",'
  .. '"url":"https://shop.example/checkout?utm_source=newsletter&utm_medium=email","referrer":"https://mail.example/",'
  .. '"properties":{"amount_cents":4900,"currency":"usd"}}'

local head, events

function init()
  local path = batch == 1 and "/v1/track" or "/v1/bulk-track"
  head = "POST " .. path .. " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " .. os.getenv("KEY")
    .. "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
    .. "\r\nContent-Type: application/json\r\nContent-Length: "
  events = {}
end

function request()
  local body
  if batch == 1 then
    number = number + 1
    body = millimetric:format(names[number % #names + 1], prefix, number, number % 5000)
  else
    for index = 1, batch do
      number = number + 1
      events[index] = artie:format(prefix, number, names[number % #names + 1], number % 100)
    end
    body = "[" .. table.concat(events, ",", 1, batch) .. "]"
  end
  return head .. #body .. "\r\n\r\n" .. body
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format("sample %d %d %d %d %d", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end

-- Bodies of the ingestion APIs for wrk. Usage, with a key of `edge keys create` and a service whose limits are off
-- (EDGE__INGEST__MILLIMETRICPERSECOND=0):
--   wrk -t1 -c256 -d20s -s ingest.lua http://127.0.0.1:8080 -- track KEY        one Millimetric event per request
--   wrk -t1 -c32  -d20s -s ingest.lua http://127.0.0.1:8080 -- bulk KEY 100     so many Artie events per request
-- A third or fourth word `ids` gives every event an id of its own, so that the window of duplicates has work.

local path, head, tail, count, hasIds
local next = 0

function init(args)
  local kind, key = args[1], args[2]
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. key
  math.randomseed(os.time())
  next = math.random(1, 1e9) * 1000000
  count = kind == "bulk" and tonumber(args[3] or "100") or 1
  hasIds = args[#args] == "ids"
  path = kind == "bulk" and "/v1/bulk-track" or "/v1/track"
end

local function event()
  local id = ""
  if hasIds then
    next = next + 1
    id = string.format('"%s":"evt_%d",', path == "/v1/track" and "event_id" or "messageId", next)
  end
  if path == "/v1/track" then
    return "{" .. id .. '"event":"purchase","anonymous_id":"u_abc","user_id":"user_42","url":"https://shop.example/cart?utm_source=news",'
      .. '"properties":{"amount_cents":4900,"currency":"usd"}}'
  end
  return "{" .. id .. '"event":"purchase","timestamp":"2026-05-16T19:00:00.000Z","properties":{"plan":"basic","accountType":"email","freeTrial":true,"n":4900}}'
end

local fixed

function request()
  if path == "/v1/track" then return wrk.format(nil, path, nil, event()) end
  if fixed and not hasIds then return fixed end
  local events = {}
  for i = 1, count do events[i] = event() end
  fixed = wrk.format(nil, path, nil, "[" .. table.concat(events, ",") .. "]")
  return fixed
end

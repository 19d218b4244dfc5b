-- ingest.lua, which also writes down what was acknowledged: one line "PREFIX first last" in the file ACKED for each batch that was answered 200.

local directory = debug.getinfo(1, "S").source:sub(2):match("^(.*/)") or "./"
dofile(directory .. "ingest.lua")

local acked

function response(status, headers, body)
  if status ~= 200 then return end
  local prefix, first = body:match('"messageIds":%["([^"]+)%-(%d+)"')
  acked = acked or io.open(os.getenv("ACKED"), "a")
  acked:write(prefix, " ", first, " ", body:match('%-(%d+)"%]}'), "\n")
  acked:flush()
end

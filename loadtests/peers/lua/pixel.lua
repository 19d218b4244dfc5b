-- Pixel and click of one experiment: sha256 viewer key, md5 bucket, weights in basis points; nginx.conf has the log.

local ffi = require("ffi")

-- nginx is linked with OpenSSL, whose digest needs no object of Lua's.
ffi.cdef([[ unsigned char *SHA256(const unsigned char *d, size_t n, unsigned char *md); ]])

local experiments = {
  ["demo-ab"] = { uid = "exp_demo_ab", variants = { { id = "a", weight = 5000 }, { id = "b", weight = 5000 } } },
}
local experiment = experiments["demo-ab"]

-- 43 bytes, GIF89a, one transparent pixel.
local gif = ngx.decode_base64("R0lGODlhAQABAPAAAP///wAAACH5BAUAAAAALAAAAAABAAEAAAICRAEAOw==")
local digest = ffi.new("unsigned char[32]")
local hex = {}
for byte = 0, 255 do
  hex[byte] = string.format("%02x", byte)
end

-- First 16 hex digits of SHA-256 over address and user agent.
local function viewer_key(address, user_agent)
  local text = address .. user_agent
  ffi.C.SHA256(text, #text, digest)
  return hex[digest[0]] .. hex[digest[1]] .. hex[digest[2]] .. hex[digest[3]]
    .. hex[digest[4]] .. hex[digest[5]] .. hex[digest[6]] .. hex[digest[7]]
end

-- First 32 bits of MD5 over experiment and viewer, modulo 10000: walk the weights, the last variant takes the rest.
local function choose_variant()
  local key = viewer_key(ngx.var.remote_addr, ngx.var.http_user_agent or "")
  local a, b, c, d = string.byte(ngx.md5_bin(experiment.uid .. ":" .. key), 1, 4)
  local bucket = (((a * 256 + b) * 256 + c) * 256 + d) % 10000
  local up_to = 0
  for _, variant in ipairs(experiment.variants) do
    up_to = up_to + variant.weight
    if bucket < up_to then
      return variant.id
    end
  end
  return experiment.variants[#experiment.variants].id
end

local function add_common(header)
  header["Cache-Control"] = "no-cache, no-store, must-revalidate, private, max-age=0"
  header["Pragma"] = "no-cache"
  header["Expires"] = "0"
  header["X-Content-Type-Options"] = "nosniff"
  header["X-Robots-Tag"] = "noindex"
end

local edge = {}

function edge.pixel()
  ngx.var.variant = choose_variant()
  local header = ngx.header
  add_common(header)
  header["Content-Type"] = "image/gif"
  header["Content-Length"] = #gif
  header["Cross-Origin-Resource-Policy"] = "cross-origin"
  header["Access-Control-Allow-Origin"] = "*"
  ngx.print(gif)
end

function edge.click()
  ngx.var.variant = choose_variant()
  local header = ngx.header
  add_common(header)
  header["Location"] = ngx.var.destination
  header["Content-Length"] = 0
  ngx.status = 302
end

function edge.resolve()
  ngx.header["Content-Type"] = "application/json"
  ngx.print('{"variantId":"' .. choose_variant() .. '"}')
end

return edge

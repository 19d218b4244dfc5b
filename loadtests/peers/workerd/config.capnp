# One Worker on one socket. compare.sh gives the address and, by the environment, where the click leads:
# DESTINATION=URL workerd serve config.capnp --socket-addr http=127.0.0.1:PORT

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "pixel", worker = .pixel) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "pixel") ],
);

const pixel :Workerd.Worker = (
  modules = [ (name = "worker", esModule = embed "worker.js") ],
  bindings = [ (name = "DESTINATION", fromEnvironment = "DESTINATION") ],
  compatibilityDate = "2026-10-01",
);

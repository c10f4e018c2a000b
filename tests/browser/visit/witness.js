// Put into the page before its own scripts: keeps hold of connections and websockets, and narrows the paths.
(() => {
  const path = window.name; // "direct", "relay-udp" or "relay-tls"
  const wanted = { "relay-udp": /^turn:.*transport=udp$/, "relay-tls": /^turns:/ }[path];

  const narrowed = (configuration) => {
    if (!wanted) return configuration;
    const iceServers = configuration.iceServers.map((server) => ({
      ...server,
      urls: [server.urls].flat().filter((url) => wanted.test(url)),
    }));
    return { ...configuration, iceServers, iceTransportPolicy: "relay" };
  };

  window.witness = { connections: [], sockets: [] };
  const Connection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(configuration) {
      super(narrowed(configuration));
      window.witness.connections.push(this);
    }
  };
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      window.witness.sockets.push(this);
    }
  };
})();

// What barnowl-zebra reads at a broker: `node zebra_peer.js FOLDER URL TOPIC SECONDS` prints one JSON object.
// FOLDER holds its node_modules; user and password are in PEER_USER and PEER_PASSWORD. Imports nothing of ours.
const path = require('path');
const [folder, url, topic, seconds] = process.argv.slice(2);
const home = path.join(folder, 'node_modules', 'barnowl-zebra');
const Decoder = require(path.join(home, 'lib', 'zebradecoder.js'));
const Listener = require(path.join(home, 'lib', 'mqttlistener.js'));
const heard = new Map();
let events = 0;

console.log = () => {};  // the listener greets
const barnowl = {
  handleRaddec: (raddec) => {
    events += 1;
    const decoding = raddec.rssiSignature[0] || {};
    const found = [raddec.transmitterId, decoding.receiverId, decoding.receiverAntenna, decoding.rssi];
    heard.set(raddec.transmitterId, found.map((each) => (each === undefined ? null : each)));
  },
};
const account = { username: process.env.PEER_USER, password: process.env.PEER_PASSWORD };
const listener = new Listener({ decoder: new Decoder({ barnowl }), url, topic, clientOptions: account });

setTimeout(() => {
  listener.client.end(true);
  const version = require(path.join(home, 'package.json')).version;
  process.stdout.write(JSON.stringify({ version, events, tags: [...heard.values()].sort() }) + '\n');
  process.exit(0);
}, 1000 * Number(seconds));

// A strange PLC on npm's modbus-serial: registers 0..299 hold their own number, until written.
// Registers 200 and up cannot be written (device failure 4). The port is printed when it is open.
const { ServerTCP } = require("modbus-serial");

const words = Array.from({ length: 300 }, (_, address) => address);

function refusal(code) {
  return Object.assign(new Error("refused"), { modbusErrorCode: code });
}

const vector = {
  getHoldingRegister(address) {
    if (address >= words.length) throw refusal(2);
    return words[address];
  },
  setRegister(address, value) {
    if (address >= words.length) throw refusal(2);
    if (address >= 200) throw refusal(4);
    words[address] = value;
  },
};

const server = new ServerTCP(vector, { host: "127.0.0.1", port: Number(process.argv[2]), unitID: 1 });
server.on("initialized", () => console.log("ready"));

/** `netpane interfaces`: what can be captured on. */
import { type CaptureDevice, captureDevices } from "../capture/source/devices.ts";
import { parseOptions, PLAIN_OPTIONS } from "../options.ts";

export function run(args: string[]): Promise<number> {
  const options = parseOptions(PLAIN_OPTIONS, args, { min: 0, max: 0, name: "" });
  if (options.help) {
    console.log("Usage: netpane interfaces\n\nLists what netpane start --interface can capture on.");
    return Promise.resolve(0);
  }
  const devices = captureDevices();
  const width = Math.max(...devices.map((device) => device.name.length), 4);
  for (const device of devices) console.log(deviceLine(device, width));
  if (devices.length === 0) {
    console.error("netpane: No interface can be captured on; run netpane doctor for the reason");
  }
  return Promise.resolve(0);
}

function deviceLine(device: CaptureDevice, width: number): string {
  const traits = [
    device.up ? "up" : "down",
    device.up && !device.running ? "not connected" : "",
    device.loopback ? "loopback" : "",
    device.wireless ? "wireless" : "",
  ].filter((trait) => trait !== "").join(", ");
  const addresses = device.addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(
    " ",
  );
  return `${device.name.padEnd(width)}  ${traits.padEnd(18)} ${addresses || device.description}`.trimEnd();
}

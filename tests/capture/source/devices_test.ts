import assert from "node:assert/strict";
import { captureDevices } from "../../../capture/source/devices.ts";
import { CaptureError } from "../../../capture/source/errors.ts";
import { LiveCapture } from "../../../capture/source/live_capture.ts";
import { canCaptureLive, TestNetwork } from "./test_network.ts";

Deno.test({
  name: "captureDevices() lists loopback with its addresses and flags",
  ignore: !canCaptureLive, // without root the list may be empty
  fn() {
    const loopback = captureDevices().find((device) => device.name === "lo");
    assert(loopback?.loopback && loopback.up && loopback.running && !loopback.wireless);
    assert.deepEqual(loopback.addresses[0], { address: "127.0.0.1", prefixLength: 8 });
  },
});

Deno.test({
  name: "captureDevices() sees what is switched off, and every address",
  ignore: !canCaptureLive,
  async fn() {
    await using network = await TestNetwork.create();
    await network.addPair("veth1", 1);
    await network.run("ip", "link", "set", "dev", "veth1p", "down");
    await network.run("ip", "addr", "add", "10.99.0.1/30", "dev", "veth1");
    const url = new URL("../../../capture/source/devices.ts", import.meta.url).href;
    const script = `import { captureDevices } from "${url}"; console.log(JSON.stringify(captureDevices()))`;
    const listed = await network.run(Deno.execPath(), "eval", "--no-config", script);
    const devices: ReturnType<typeof captureDevices> = JSON.parse(listed);
    const find = (name: string) => devices.find((device) => device.name === name);
    assert.deepEqual([find("veth1")?.up, find("veth1p")?.up], [true, false]);
    assert.deepEqual(find("veth1")?.addresses, [
      { address: "10.1.0.1", prefixLength: 24 },
      { address: "10.99.0.1", prefixLength: 30 },
    ]);
  },
});

Deno.test({
  name: "LiveCapture.open() throws a CaptureError, and close() may be called twice",
  ignore: !canCaptureLive,
  fn() {
    assert.throws(() => LiveCapture.open({ device: "no-such-device" }), (error) => {
      assert(error instanceof CaptureError);
      assert.equal(error.code, "no-device");
      assert.deepEqual(Object.keys(error.toProblem()), ["code", "message", "hint"]);
      return true;
    });
    assert.throws(() => LiveCapture.open({ device: "lo", filter: "host" }), { code: "bad-filter" });
    const capture = LiveCapture.open({ device: "lo", filter: "tcp port 9" });
    assert.equal(capture.linkType, 1);
    assert.deepEqual(capture.statistics(), { received: 0, kernelDropped: 0, interfaceDropped: 0 });
    capture.close();
    capture.close();
  },
});

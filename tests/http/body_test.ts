import assert from "node:assert/strict";
import { BodyError, readBody } from "../../http/body.ts";

const post = (body: BodyInit) => new Request("http://127.0.0.1/", { method: "POST", body });

Deno.test("a body that never comes is not waited for", async () => {
  let cancelled = false;
  const silent = new ReadableStream({
    cancel() {
      cancelled = true;
    },
  });
  await assert.rejects(
    readBody(post(silent), 1),
    (error) => error instanceof BodyError && error.status === 408,
  );
  assert(cancelled);
});

Deno.test("a body that breaks off is the client's fault", async () => {
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) });
  await assert.rejects(readBody(post(broken)), (error) => error instanceof BodyError && error.status === 400);
});

Deno.test("type and bytes of a body arrive as they were", async () => {
  const request = new Request("http://127.0.0.1/", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: new Uint8Array([0, 255, 1]),
  });
  const whole = await readBody(request);
  assert.equal(whole.headers.get("content-type"), "application/json");
  assert.deepEqual(await whole.bytes(), new Uint8Array([0, 255, 1]));
});

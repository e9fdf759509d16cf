// Runs promises in the order in which they are written, and counts.
import assert from "node:assert/strict";
import Cloudflare from "cloudflare";

const promises = [];

export const promise = (name, check) => promises.push([name, check]);

/** Asserts that `call` is refused with this HTTP status and, unless null, this first error code; answers the errors. */
export async function refused(status, code, call, containing = "") {
  const error = await call().then(
    () => assert.fail(`accepted, where ${status}/${code} was expected`),
    (error) => error,
  );
  if (!(error instanceof Cloudflare.APIError)) throw error;
  const [first] = error.errors;
  assert.equal(error.status, status, JSON.stringify(error.errors));
  assert.equal(typeof first.code, "number");
  if (code !== null) assert.equal(first.code, code, JSON.stringify(error.errors));
  assert.ok(first.message.toLowerCase().includes(containing.toLowerCase()), first.message);
  return error.errors;
}

/** Every element of a paged list; more than `limit` means that the list does not end. */
export async function all(list, limit = 10_000) {
  const elements = [];
  for await (const element of list) {
    elements.push(element);
    assert.ok(elements.length <= limit, "the list does not end");
  }
  return elements;
}

export async function run() {
  let failed = 0;
  for (const [name, check] of promises) {
    try {
      await check();
      console.log(`ok      ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
  }
  console.log(`${promises.length - failed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

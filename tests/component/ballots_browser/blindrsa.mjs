// The browser's side of a blind token, with the package that browsers will use. A request per line in, an
// answer per line out. Keys are JWK, other values base64url.
import { createInterface } from "node:readline";
import { RSABSSA } from "@cloudflare/blindrsa-ts";

const suite = RSABSSA.SHA384.PSS.Randomized();
const b64 = (bytes) => Buffer.from(bytes).toString("base64url");
const raw = (text) => new Uint8Array(Buffer.from(text, "base64url"));
const key = (jwk, use) =>
  crypto.subtle.importKey("jwk", { kty: "RSA", ext: true, ...jwk }, { name: "RSA-PSS", hash: "SHA-384" }, true, [use]);

const steps = {
  async prepare({ message }) {
    return { input: b64(suite.prepare(raw(message))) };
  },
  async blind({ jwk, input }) {
    const { blindedMsg, inv } = await suite.blind(await key(jwk, "verify"), raw(input));
    return { blinded: b64(blindedMsg), inv: b64(inv) };
  },
  async sign({ jwk, blinded }) {
    return { signature: b64(await suite.blindSign(await key(jwk, "sign"), raw(blinded))) };
  },
  async finalize({ jwk, input, signature, inv }) {
    return { signature: b64(await suite.finalize(await key(jwk, "verify"), raw(input), raw(signature), raw(inv))) };
  },
  async verify({ jwk, input, signature }) {
    return { valid: await suite.verify(await key(jwk, "verify"), raw(signature), raw(input)) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { step, ...values } = JSON.parse(line);
  let answer;
  try {
    answer = await steps[step](values);
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}

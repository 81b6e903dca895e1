// Signs up, logs in again, and ends the first session, by the generated client of an app.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const client = createClient<paths>({ baseUrl: process.argv[2] ?? "http://localhost:8080" });
const app = { path: { client: "app" } } as const;
const email = "typescript@example.org";
const password = "correct horse battery";

const created = await client.POST("/_allauth/{client}/v1/auth/signup", { params: app, body: { email, password } });
assert(created.data, "the sign-up failed");
assert.equal(created.data.data.user.email, email);

const answer = await client.POST("/_allauth/{client}/v1/auth/login", { params: app, body: { email, password } });
assert(answer.data, "the login failed");
const { user, methods } = answer.data.data;
assert.equal(typeof user.id, "number");
assert.equal(user.id, created.data.data.user.id);
assert.equal(methods.length, 1);

const token = answer.data.meta.session_token;
assert(token, "there is no session token");
client.use({
  onRequest({ request }) {
    request.headers.set("X-Session-Token", token);
  },
});

const all = await client.GET("/_allauth/{client}/v1/auth/sessions", { params: app });
const sessions: components["schemas"]["Session"][] = all.data?.data ?? [];
assert.equal(new Set(sessions.map((session) => session.id)).size, 2);
const first = sessions.find((session) => !session.is_current);
assert(first, "the first session is not listed");

const ended = await client.DELETE("/_allauth/{client}/v1/auth/sessions", { params: app, body: { sessions: [first.id] } });
assert.deepEqual(ended.data?.data.map((session) => session.is_current), [true]);

const loggedOut = await client.DELETE("/_allauth/{client}/v1/auth/session", { params: app });
assert(loggedOut.error && "data" in loggedOut.error, "the logout failed");
assert.equal(loggedOut.error.status, 401);
assert(loggedOut.error.data.flows.length > 0);
console.log(`a TypeScript client logged in user ${user.id}`);

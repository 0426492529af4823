// A directory on the real SCIMMY engine: a few people and a group in memory, bearer token, loopback only. Prints its port,
// then a line of JSON for each request that it answers.
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const users = [
  { id: "2819c223-7f76-453a-919d-413861904646", externalId: "ext-1", userName: "alice@acme.example",
    displayName: "Alice O'Hara-Ngo", title: "Data Engineer", active: true,
    emails: [{ value: "home@example.net", type: "home" }, { value: "alice.ngo@acme.example", type: "work", primary: true }],
    [enterprise]: { department: "Payments", costCenter: "CC-4711", manager: { value: "2819c223-7f76-453a-919d-413861904647" } } },
  { id: "2819c223-7f76-453a-919d-413861904647", userName: "bob", displayName: "Bob Achterberg", active: true,
    emails: [{ value: "bob@acme.example", type: "work", primary: true }] },
  { id: "2819c223-7f76-453a-919d-413861904648", userName: "gone@acme.example", displayName: "Gil Host", active: false,
    emails: [{ value: "gone@acme.example", primary: true }],
    [enterprise]: { manager: { value: "2819c223-7f76-453a-919d-413861904647" } } },
];
const groups = [{ id: "e9e30dba-f08f-4109-8486-d5c6a331660a", displayName: "payments-admins",
                  members: [{ value: users[0].id, display: users[0].displayName, type: "User" }] }];

const answer = (all) => (resource) => {
  if (resource.id) {
    const found = all.find((one) => one.id === resource.id);
    if (!found) throw new SCIMMY.Types.Error(404, null, `no ${resource.id}`);
    return found;
  }
  // Left to the application by SCIMMY: apply the parsed filter.
  return resource.filter ? resource.filter.match(all) : all;
};
const refuse = () => { throw new SCIMMY.Types.Error(403, null, "reading only"); };
SCIMMY.Resources.declare(SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false),
  { egress: answer(users), ingress: refuse, degress: refuse });
SCIMMY.Resources.declare(SCIMMY.Resources.Group, { egress: answer(groups), ingress: refuse, degress: refuse });

const app = express();
app.use((request, response, next) => {
  response.on("finish", () => console.log(JSON.stringify({ method: request.method, url: request.originalUrl,
    status: response.statusCode, filter: request.query.filter ?? null, accept: request.header("accept") })));
  next();
});
app.use("/scim", new SCIMMYRouters({ type: "bearer", handler: (request) => {
  if (request.header("authorization") !== "Bearer conformance-token") throw new Error("wrong token");
  return "dossier";
} }));
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));

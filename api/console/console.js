"use strict";

// Orders, their trees, and what operators do about what stopped. Everything on the page is text: nothing that came from outside is markup.

const TMF = "/tmf-api/productOrderingManagement/v4/productOrder";
const OURS = "/crossconnect/v1";
const PAGE = 25;
const REFRESH = 2000; // milliseconds
const STATES = ["", "acknowledged", "inProgress", "pending", "held", "pendingCancellation", "completed", "partial", "failed", "cancelled", "rejected"];

const main = document.getElementById("main");
const message = document.getElementById("message");
const operator = document.getElementById("operator");
operator.value = localStorage.getItem("operator") || "";
operator.addEventListener("change", () => localStorage.setItem("operator", operator.value.trim()));

// Elements ------------------------------------------------------------------------------------------------------------------------------
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().map((child) => (child instanceof Node ? child : String(child ?? ""))));
  return made;
}

const state = (value) => element("span", { class: `state ${String(value).replace(/[^A-Za-z]/g, "")}` }, value);
const link = (id) => element("a", { href: `#orders/${encodeURIComponent(id)}` }, id);
const when = (time) => (time ? new Date(time).toLocaleString() : "");
const section = (title, ...content) => element("section", {}, element("h2", {}, title), ...content);

function table(columns, rows, nothing) {
  if (!rows.length) return element("p", {}, nothing);
  const head = element("tr", {}, columns.map((name) => element("th", { scope: "col" }, name)));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, rows.map((cells) => element("tr", {}, cells.map((cell) => element("td", {}, cell))))));
}

// Calls ---------------------------------------------------------------------------------------------------------------------------------
async function call(path, options = {}) {
  const response = await fetch(path, options);
  const body = await response.json();
  if (!response.ok) throw new Error(body.message || body.reason);
  return { body, total: Number(response.headers.get("X-Total-Count")) };
}

function say(text, good = false) {
  message.textContent = text;
  message.className = good ? "good" : "";
  message.hidden = !text;
}

async function act(order, action, task, form = []) {
  const reason = prompt(`Why ${action} ${task}?`);
  if (reason === null) return;
  const headers = { "Content-Type": "application/json", "X-Operator": operator.value.trim() || "console", "X-Operator-Roles": "operator" };
  const values = action === "complete" ? asked(form) : [];
  if (values === null) return;
  const body = JSON.stringify({ action, item: task, reason, ...(values.length ? { values } : {}) });
  try {
    await call(`${OURS}/orders/${encodeURIComponent(order)}/actions`, { method: "POST", headers, body });
    say(`${task}: ${action} was accepted.`, true);
  } catch (error) {
    say(error.message);
  }
  show();
}

function asked(form) {
  const text = prompt("Values that were assigned, as name=value with commas (may be empty)", form.map((name) => `${name}=`).join(", "));
  if (text === null) return null;
  return text.split(",").filter((pair) => pair.includes("=")).map((pair) => {
    const at = pair.indexOf("=");
    return { name: pair.slice(0, at).trim(), value: pair.slice(at + 1).trim() };
  });
}

const buttons = (order, row) =>
  actionsFor(row.kind).map((action) => element("button", { type: "button", onclick: () => act(order, action, row.task, row.form) }, action));
const actionsFor = (kind) => ({ fallout: ["retry", "skip", "complete", "abort"], manualTask: ["complete", "skip", "abort"], parked: ["complete", "skip", "abort"], hold: ["release"] })[kind] || [];

// Pages ---------------------------------------------------------------------------------------------------------------------------------
async function orders(parameters) {
  const offset = Number(parameters.get("offset") || 0);
  const chosen = parameters.get("state") || "";
  const query = new URLSearchParams({ sort: "-orderDate", offset, limit: PAGE, fields: "state,orderDate,externalId,productOrderItem.productOffering", ...(chosen ? { state: chosen } : {}) });
  const { body, total } = await call(`${TMF}?${query}`);
  const select = element("select", { onchange: (event) => go(0, event.target.value) }, STATES.map((name) => element("option", { value: name, selected: name === chosen }, name || "all states")));
  const go = (from, wanted) => { location.hash = `orders?${new URLSearchParams({ offset: from, state: wanted })}`; };
  const rows = body.map((order) => [
    link(order.id), order.externalId, state(order.state), when(order.orderDate),
    (order.productOrderItem || []).map((item) => item.productOffering?.id).filter(Boolean).join(", "),
  ]);
  return section(
    `Orders (${total})`,
    element("div", { class: "filters" }, element("label", {}, "State ", select)),
    table(["Id", "External id", "State", "Ordered", "Offerings"], rows, "No orders yet."),
    element("div", { class: "pages" },
      element("button", { type: "button", disabled: offset === 0, onclick: () => go(Math.max(0, offset - PAGE), chosen) }, "Newer"),
      element("button", { type: "button", disabled: offset + PAGE >= total, onclick: () => go(offset + PAGE, chosen) }, "Older")),
  );
}

async function order(id) {
  const { body: tree } = await call(`${OURS}/orders/${encodeURIComponent(id)}/tree`);
  const open = Object.values(tree.obligations);
  return element("div", {},
    section(`Order ${tree.id}`, element("p", {}, state(tree.state), tree.subState ? state(tree.subState) : "", ` version ${tree.version}, customer ${tree.customer}, ordered ${when(tree.orderDate)}, catalog ${tree.catalog || "none"}`)),
    section("Waits for", table(["Task", "Kind", "Reason", "Until", ""], open.map((row) => [row.task, state(row.kind), row.reason.message, when(row.dueAt), buttons(tree.id, row)]), "Nothing.")),
    section("Items", table(["Item", "Action", "Offering", "State", "Values"], Object.values(tree.items).map((item) => [item.id, item.action, item.offering, state(item.state), values(item.characteristics)]), "None.")),
    section("Services", table(["Service", "Kind", "Action", "State", "Rule", "Values"], Object.values(tree.services).map((service) => [service.name, service.category, service.action, state(service.state), service.rule, values(service.characteristics)]), "None.")),
    section("Tasks", table(["Task", "Name", "Target", "State"], Object.values(tree.tasks).map((task) => [task.id, task.name, task.kind === "manual" ? task.group : task.targetSystem, state(task.state)]), "None.")),
    section("Visits", table(["Work order", "Name", "State"], Object.values(tree.workOrders).map((visit) => [visit.id, visit.name, state(visit.state)]), "None.")),
    section("Changes", table(["Change", "Kind", "Outcome", "Version", "When"], tree.changes.map((change) => [change.id, change.kind, change.accepted ? (change.override ? `accepted, overridden by ${change.override.name}: ${change.override.reason}` : "accepted") : change.reasons.map((each) => each.message).join(" "), change.version || "", when(change.at)]), "None.")),
    section("Fallout", table(["Number", "Task", "State", "Reason"], Object.values(tree.fallouts).map((row) => [row.number, row.task, state(row.state), `${row.reason.code}: ${row.reason.message}`]), "None.")),
  );
}

const values = (of) => Object.entries(of || {}).map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ");

async function fallouts() {
  const { body, total } = await call(`${OURS}/fallouts?state=open&sort=-raisedAt&limit=200`);
  const rows = body.map((row) => [link(row.productOrder.id), row.task, row.reason.code, row.reason.message, when(row.raisedAt), buttons(row.productOrder.id, { ...row, kind: "fallout" })]);
  return section(`Open fallout (${total})`, table(["Order", "Task", "Code", "Reason", "Since", ""], rows, "Nothing has stopped."));
}

async function obligations() {
  const { body, total } = await call(`${OURS}/obligations?sort=dueAt&limit=200`);
  const rows = body.map((row) => [link(row.productOrder.id), row.task, state(row.kind), row.reason.message, when(row.dueAt), buttons(row.productOrder.id, row)]);
  return section(`Open obligations (${total})`, table(["Order", "Task", "Kind", "Reason", "Until", ""], rows, "No order waits for anything."));
}

let shown = "";
async function show() {
  const hash = location.hash.slice(1) || "orders";
  const [path, query] = hash.split("?");
  const [page, id] = path.split("/");
  try {
    const content = page === "fallouts" ? await fallouts() : page === "obligations" ? await obligations() : id ? await order(decodeURIComponent(id)) : await orders(new URLSearchParams(query));
    if ((location.hash.slice(1) || "orders") !== hash) return; // somebody has gone on meanwhile
    if (shown !== hash) window.scrollTo(0, 0);
    shown = hash;
    main.replaceChildren(content);
    if (!message.classList.contains("good")) say("");
  } catch (error) {
    say(error.message);
  }
}

window.addEventListener("hashchange", () => { say(""); show(); });
setInterval(() => { if (!document.hidden && !main.contains(document.activeElement)) show(); }, REFRESH);
show();

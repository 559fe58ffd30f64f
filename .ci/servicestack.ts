// What BokaMera's own kind of client does with the job API. usage: servicestack.js ADDRESS WRITER READER
import { JsonServiceClient } from "@servicestack/client";
import { CreateAxemaUserSync, GetAxemaUserSyncJob, QueryAxemaUserSyncJobs, QueryAxemaUserSyncOutcomes } from "./dtos";

const [address, writer, reader] = process.argv.slice(2);
const other = "5c1f6b9a-7e8d-4c2b-9a3f-1e2d3c4b5a60";

function login(token?: string): JsonServiceClient {
  const client = new JsonServiceClient(address);
  if (token) client.bearerToken = token;
  return client;
}

function expect(what: string, got: unknown, want: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(want)}`);
  console.log(`ok    ${what}`);
}

async function refused(what: string, code: string, field: string | undefined, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (e: any) {
    const status = e.responseStatus ?? e.ResponseStatus ?? {};
    const first = (status.Errors ?? status.errors ?? [])[0] ?? {};
    return expect(what, [status.ErrorCode ?? status.errorCode, first.FieldName ?? first.fieldName], [code, field]);
  }
  throw new Error(`${what}: not refused`);
}

async function main(): Promise<void> {
  const client = login(writer);
  const job = await client.post(new CreateAxemaUserSync({ Full: true }));
  expect("a started job is pending", [job.Status, job.StatusName], [0, "Pending"]);
  await refused("a second start while it runs", "Conflict", undefined, client.post(new CreateAxemaUserSync()));
  let seen = job;
  for (let i = 0; i < 600 && seen.Status < 2; i++) {
    await new Promise((later) => setTimeout(later, 50));
    seen = await client.get(new GetAxemaUserSyncJob({ Id: job.Id.toUpperCase() }));
  }
  expect("it completes with its counts", [seen.StatusName, seen.UsersFound, seen.UsersCreated, seen.UsersFailed], ["Completed", 1200, 1198, 2]);
  expect("it is listed", (await client.get(new QueryAxemaUserSyncJobs({ Status: 2, Take: 5 }))).Results.map((j) => j.Id), [job.Id]);
  const failed = await client.get(new QueryAxemaUserSyncOutcomes({ Id: job.Id, Action: "failed" }));
  expect("its outcomes say who failed", [failed.Total, failed.Results[0].Key], [2, "row:418"]);
  await refused("no login", "Unauthorized", undefined, login().get(new QueryAxemaUserSyncJobs()));
  await refused("a reader's start", "Forbidden", undefined, login(reader).post(new CreateAxemaUserSync()));
  await refused("another company", "Forbidden", undefined, client.get(new QueryAxemaUserSyncJobs({ CompanyId: other })));
  await refused("an unknown job", "NotFound", undefined, client.get(new GetAxemaUserSyncJob({ Id: "019590a0-7c00-7000-8000-000000000001" })));
  await refused("a status that is none", "ValidationError", "Status", client.get(new QueryAxemaUserSyncJobs({ Status: 9 })));
  await refused("an id that is none", "ValidationError", "Id", client.get(new GetAxemaUserSyncJob({ Id: "17" })));
}

main().catch((e) => {
  console.error(e instanceof Error ? e.message : JSON.stringify(e));
  process.exit(1);
});

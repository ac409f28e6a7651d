// What an account has besides Session Manager, as far as the form's lists ask for it: instances of EC2, containers of
// ECS, databases of RDS, and a denial of all else. A server of our own on loopback; moto answers the engine's tests (tests/moto).

import { once } from "node:events";
import { createServer } from "node:http";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DENIED =
  "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:user/dev is " +
  "not authorized to perform: elasticache:DescribeReplicationGroups</Message></Error></ErrorResponse>";

/**
 * Starts an account with these instances (`id`, `name`, `tags`), clusters of Aurora (`name`, `host`, `port`) and
 * tasks of ECS (`cluster`, `id`, and of its container `name` and `runtime`). Answers where it is, and its end.
 */
export async function startAccount({ instances, clusters, tasks = [] }) {
  const server = createServer(async (request, answer) => {
    let body = "";
    for await (const part of request) body += part;
    const [status, type, text] = answered(request, body, { instances, clusters, tasks });
    answer.writeHead(status, { "content-type": type }).end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

/** Writes a configuration in which the usual profile asks the simulated service, and this account for all else. */
export function configure(home, ssm, account) {
  const others = ["ec2", "ecs", "rds", "elasticache", "opensearch"];
  const own = ["ssm", "sts"];
  const services = [...own.map((service) => `${service} =\n  endpoint_url = ${ssm}\n`), ...others.map((service) => `${service} =\n  endpoint_url = ${account}\n`)];
  mkdirSync(join(home, ".aws"), { recursive: true });
  writeFileSync(
    join(home, ".aws", "config"),
    `[default]\nregion = eu-central-1\nservices = here\n[profile away]\nrole_arn = arn:aws:iam::123456789012:role/dba\nregion = eu-central-1\n` +
      `source_profile = nobody\n[services here]\n${services.join("")}`,
  );
}

function answered(request, body, { instances, clusters, tasks }) {
  const action = new URLSearchParams(body).get("Action");
  const target = request.headers["x-amz-target"] ?? "";
  switch (action) {
    case "DescribeInstances":
      return [200, "text/xml", described(instances)];
    case "DescribeDBClusters":
      return [200, "text/xml", ofRds(action, `<DBClusters>${clusters.map(cluster).join("")}</DBClusters>`)];
    case "DescribeDBInstances":
      return [200, "text/xml", ofRds(action, "<DBInstances/>")];
  }
  const json = (value) => [200, "application/x-amz-json-1.1", JSON.stringify(value)];
  const arn = (kind, name) => `arn:aws:ecs:eu-central-1:123456789012:${kind}/${name}`;
  if (target.endsWith(".ListClusters")) {
    return json({ clusterArns: [...new Set(tasks.map(({ cluster }) => arn("cluster", cluster)))] });
  }
  if (target.endsWith(".ListTasks")) return json({ taskArns: tasks.map(({ cluster, id }) => arn("task", `${cluster}/${id}`)) });
  if (target.endsWith(".DescribeTasks")) {
    return json({
      tasks: tasks.map(({ cluster, id, name, runtime }) => ({
        taskArn: arn("task", `${cluster}/${id}`),
        clusterArn: arn("cluster", cluster),
        lastStatus: "RUNNING",
        enableExecuteCommand: true,
        containers: [
          {
            name,
            runtimeId: runtime,
            lastStatus: "RUNNING",
            managedAgents: [{ name: "ExecuteCommandAgent", lastStatus: "RUNNING" }],
          },
        ],
      })),
    });
  }
  if (request.url.includes("/domain")) return [200, "application/json", '{"DomainNames":[]}'];
  return [403, "text/xml", DENIED];
}

function described(instances) {
  const tag = ([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`;
  const item = ({ id, name, tags = {} }) =>
    `<item><instanceId>${id}</instanceId><instanceState><name>running</name></instanceState>` +
    `<launchTime>2026-11-24T12:00:00.000Z</launchTime><tagSet>${Object.entries({ Name: name, ...tags }).map(tag).join("")}</tagSet></item>`;
  return (
    "<DescribeInstancesResponse><reservationSet><item><instancesSet>" +
    `${instances.map(item).join("")}</instancesSet></item></reservationSet></DescribeInstancesResponse>`
  );
}

function ofRds(action, result) {
  return `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`;
}

function cluster({ name, host, port }) {
  return (
    `<DBCluster><DBClusterIdentifier>${name}</DBClusterIdentifier><Endpoint>${host}</Endpoint>` +
    `<ReaderEndpoint>ro.${host}</ReaderEndpoint><Port>${port}</Port><Engine>aurora-postgresql</Engine>` +
    "<EngineVersion>16.3</EngineVersion><Status>available</Status></DBCluster>"
  );
}

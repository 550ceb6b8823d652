import type { Mutant } from '../mutant.ts'

/** What is promised of a process as it is deployed: its container, its settings there, and whom it talks to. */
const filesTest = ['test/deploy/deploy-files.test.ts']

export const deployMutants: readonly Mutant[] = [
  {
    id: 'deploy-telemetry',
    file: 'service/src/run-main.ts',
    find: "process.env.ORT_DISABLE_TELEMETRY ??= '1'",
    replace: "process.env.ORT_DISABLE_TELEMETRY ??= '0'",
    breaks: 'No process of a cluster tells anybody outside of its models',
    tests: ['service/src/run-main.test.ts'],
  },
  {
    id: 'deploy-compose-setting',
    file: 'deploy/compose.yaml',
    find: 'HYPERSHARD_SHARD_SCRATCH: /var/lib/hypershard',
    replace: 'HYPERSHARD_SHARD_SCRATCHES: /var/lib/hypershard',
    breaks: 'Every setting of a compose file is one that the process has',
    tests: filesTest,
  },
  {
    id: 'deploy-compose-name',
    file: 'deploy/compose.yaml',
    find: 'HYPERSHARD_SHARD_SERVERS: dns:///shard-server:7710',
    replace: 'HYPERSHARD_SHARD_SERVERS: dns:///shard-servers:7710',
    breaks: 'Every name that a process is given is one of the network',
    tests: filesTest,
  },
  {
    id: 'deploy-compose-closed',
    file: 'deploy/compose.yaml',
    find: 'cluster: { internal: true }',
    replace: 'cluster: { internal: false }',
    breaks: 'The network between processes leads nowhere else',
    tests: filesTest,
  },
  {
    id: 'deploy-image-lacks-sources',
    file: '.dockerignore',
    find: 'bench/src',
    replace: 'membership/src',
    breaks: 'The image has every file that a process loads',
    tests: filesTest,
  },
  {
    id: 'deploy-console-lacks-sources',
    file: 'deploy/Dockerfile',
    find: 'COPY evaluation evaluation',
    replace: '',
    breaks: 'The image builds the console of all that it is made of',
    tests: filesTest,
  },
  {
    id: 'deploy-image-node',
    file: 'deploy/Dockerfile',
    find: 'ARG NODE_IMAGE=node:24.21.0-',
    replace: 'ARG NODE_IMAGE=node:24.20.0-',
    breaks: 'The image runs the Node that the tests ran with',
    tests: filesTest,
  },
  {
    id: 'deploy-environment-example',
    file: 'deploy/systemd/hypershard.env.example',
    find: 'HYPERSHARD_ENCODER_LISTEN=0.0.0.0:7702',
    replace: 'HYPERSHARD_ENCODER_LISTENS=0.0.0.0:7702',
    breaks: 'Every setting of the example for systemd is one that a process has',
    tests: filesTest,
  },
]

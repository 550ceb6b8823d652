import type { Mutant } from '../mutant.ts'

/** What is promised of a process as it is deployed: its container, its settings there, and whom it talks to. */
export const deployMutants: readonly Mutant[] = [
  {
    id: 'deploy-telemetry',
    file: 'service/src/run-main.ts',
    find: "process.env.ORT_DISABLE_TELEMETRY ??= '1'",
    replace: "process.env.ORT_DISABLE_TELEMETRY ??= '0'",
    breaks: 'No process of a cluster tells anybody outside of its models',
    tests: ['service/src/run-main.test.ts'],
  },
]

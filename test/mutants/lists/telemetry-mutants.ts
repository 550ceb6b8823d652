import type { Mutant } from '../mutant.ts'

export const telemetryMutants: readonly Mutant[] = [
  {
    id: 'panels-overlap',
    file: 'deploy/grafana/src/page.ts',
    find: 'if (x + w > columns) [x, y, height] = [0, y + height, 0]',
    replace: 'if (x + w > columns) [x, y, height] = [0, y, 0]',
    breaks: 'No panel of a dashboard lies on another',
    tests: ['test/telemetry/dashboards.test.ts'],
  },
  {
    id: 'panel-runbook',
    file: 'deploy/grafana/src/panel.ts',
    find: 'alert.toLowerCase()',
    replace: 'alert.toUpperCase()',
    breaks: 'A panel links to what to do about its alert',
    tests: ['test/telemetry/dashboards.test.ts'],
  },
  {
    id: 'dashboard-of-nothing',
    file: 'test/telemetry/promql.ts',
    find: 'if (labels === undefined) {',
    replace: "if (name === '') {",
    breaks: 'A query of a series that no process has is found',
    tests: ['test/telemetry/promql.test.ts'],
  },
  {
    id: 'always-ready',
    file: 'service/src/read-state.ts',
    find: '() => 0,',
    replace: '() => 1,',
    breaks: 'A process that lacks something does not count as ready',
    tests: ['service/src/read-state.test.ts'],
  },
  {
    id: 'certificate-begins',
    file: 'service/src/read-state.ts',
    find: 'certificate.validToDate.getTime() / 1_000',
    replace: 'certificate.validFromDate.getTime() / 1_000',
    breaks: 'An operator is told before a certificate expires',
    tests: ['service/src/read-state.test.ts'],
  },
]

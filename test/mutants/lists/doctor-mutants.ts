import type { Mutant } from '../mutant.ts'

export const doctorMutants: readonly Mutant[] = [
  {
    id: 'cores-outer-groups',
    file: 'common/src/control-groups.ts',
    find: "if (group === '/') return groups",
    replace: 'return groups',
    breaks: 'A limit of a control group further out binds as well',
    tests: ['common/src/processor-count.test.ts', 'common/src/memory-limit.test.ts'],
  },
  {
    id: 'cores-rounded-up',
    file: 'common/src/processor-count.ts',
    find: 'limits.map(Math.floor)',
    replace: 'limits.map(Math.ceil)',
    breaks: 'No thread is started for a part of a core',
    tests: ['common/src/processor-count.test.ts'],
  },
  {
    id: 'cores-at-least-one',
    file: 'common/src/processor-count.ts',
    find: 'Math.max(1, Math.min(',
    replace: 'Math.max(0, Math.min(',
    breaks: 'A process with less than a core has one thread',
    tests: ['common/src/processor-count.test.ts'],
  },
  {
    id: 'cores-version-1-alone',
    file: 'common/src/control-groups.ts',
    find: "controllers!.split(',').includes(controller)",
    replace: "controllers!.startsWith(controller + ',')",
    breaks: 'A controller that is mounted alone limits as well',
    tests: ['common/src/processor-count.test.ts', 'common/src/memory-limit.test.ts'],
  },
]

import type { Mutant } from '../mutant.ts'

const cluster = 'console/src/pages/cluster'
const indexes = 'console/src/pages/indexes'
const jobs = 'console/src/pages/jobs'

export const consolePagesMutants: readonly Mutant[] = [
  {
    id: 'console-dead-server-waits',
    file: `${cluster}/shard-rows.ts`,
    find: "if (!live) return 'down'",
    replace: "if (!live && !placed) return 'down'",
    breaks: 'A shard of a dead server is shown as such',
    tests: [`${cluster}/shard-rows.test.ts`],
  },
  {
    id: 'console-placed-is-served',
    file: `${cluster}/shard-rows.ts`,
    find: 'row.served ||= held.warm',
    replace: 'row.served ||= held.placed',
    breaks: 'A shard that no server has loaded is shown as not served',
    tests: [`${cluster}/shard-rows.test.ts`],
  },
  {
    id: 'console-restart-counted',
    file: `${cluster}/recent-counts.ts`,
    find: 'const all = restarted ? [newest] : [...known, newest]',
    replace: 'const all = [...known, newest]',
    breaks: 'A coordinator that starts again takes no calls back',
    tests: [`${cluster}/recent-counts.test.ts`],
  },
  {
    id: 'console-asks-all-at-once',
    file: `${jobs}/see-jobs.ts`,
    find: 'const askedMax = 4',
    replace: 'const askedMax = 400',
    breaks: 'A page that looks at many indexes asks for a few at a time',
    tests: [`${jobs}/see-jobs.test.ts`],
  },
  {
    id: 'console-looks-at-all',
    file: `${jobs}/see-jobs.ts`,
    find: '.slice(0, lookedMax)',
    replace: '',
    breaks: 'A look at very many indexes costs no more than one at some',
    tests: [`${jobs}/see-jobs.test.ts`],
  },
  {
    id: 'console-looks-at-the-same',
    file: `${jobs}/see-jobs.ts`,
    find: 'this.#seen.delete(asked[at]!)',
    replace: 'void asked',
    breaks: 'Of very many indexes each is asked for in its turn',
    tests: [`${jobs}/see-jobs.test.ts`],
  },
  {
    id: 'console-build-waits-its-turn',
    file: `${jobs}/see-jobs.ts`,
    find: '...building,',
    replace: '',
    breaks: 'Of very many indexes, one that is being built is asked for in every look',
    tests: [`${jobs}/see-jobs.test.ts`],
  },
  {
    id: 'console-promotes-early',
    file: `${jobs}/job-of.ts`,
    find: "promote: progress.caught_up ? undefined : 'It has not caught up yet.',",
    replace: 'promote: undefined,',
    breaks: 'A build is not offered to be promoted before it has caught up',
    tests: [`${jobs}/job-of.test.ts`],
  },
  {
    id: 'console-rate-of-a-moment',
    file: `${jobs}/pace.ts`,
    find: 'rates.slice(-pacedEvents)',
    replace: 'rates.slice(-1)',
    breaks: 'The rate of a build does not fall to nothing between two portions',
    tests: [`${jobs}/pace.test.ts`],
  },
  {
    id: 'console-watch-forgets',
    file: `${jobs}/build-watch.ts`,
    find: 'this.#change({ ...this.#build, error })',
    replace: 'return this.#change({ ...this.#build, error })',
    breaks: 'Events of a build that break off are asked for again',
    tests: [`${jobs}/build-watch.test.ts`],
  },
  {
    id: 'console-name-half-typed',
    file: 'console/src/parts/is-held.ts',
    find: 'name !== typed',
    replace: '!typed.startsWith(name)',
    breaks: 'What cannot be taken back is done once the whole name is typed',
    tests: ['console/src/parts/is-held.test.ts'],
  },
  {
    id: 'console-field-twice',
    file: `${indexes}/index-form.ts`,
    find: 'names.indexOf(one) !== at',
    replace: 'false',
    breaks: 'A form does not drop one of two fields of a name',
    tests: [`${indexes}/index-form.test.ts`],
  },
]

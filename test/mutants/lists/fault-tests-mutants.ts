import type { Mutant } from '../mutant.ts'

const searched = ['test/faults/steady-searches.test.ts']

/** Tests that strike a cluster and see nothing would say that all is well. */
export const faultTestsMutants: readonly Mutant[] = [
  {
    id: 'fault-tests-blind',
    file: 'test/faults/steady-searches.ts',
    find: 'const { whole: _whole, ...harmed } = countOf(this.outcomes.slice(before))',
    replace: 'const { whole: _whole, ...harmed } = countOf(this.outcomes.slice(0, before))',
    breaks: 'A strike that must not be noticed fails the test if a search failed meanwhile',
    tests: searched,
  },
  {
    id: 'fault-tests-wrong-answers',
    file: 'test/faults/steady-searches.ts',
    find: 'checkSearchAnswer(found, asked, known, documentsOf(known))',
    replace: 'documentsOf(known)',
    breaks: 'A wrong answer fails the test, whatever it calls itself',
    tests: searched,
  },
  {
    id: 'fault-tests-lenient',
    file: 'test/faults/strikes.ts',
    find: "(name: string): boolean => name !== 'coordinator'",
    replace: "(name: string): boolean => name === 'indexer'",
    breaks: 'A process that is killed is not noticed unless it is the coordinator',
    tests: ['test/faults/strikes.test.ts'],
  },
  {
    id: 'fault-tests-one-door',
    file: 'test/faults/steady-searches.ts',
    find: "if (!(answer instanceof Error) || answer.name === 'TimeoutError') return answer",
    replace: 'return answer',
    breaks: 'Searches turn to another coordinator while one cannot be reached, as clients are told to',
    tests: searched,
  },
]

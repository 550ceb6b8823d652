import type { Mutant } from '../mutant.ts'

export const contractMutants: readonly Mutant[] = [
  {
    id: 'contract-default',
    file: 'contract/src/search-options.ts',
    find: '.default(searchDefaults.candidates)',
    replace: '.default(searchDefaults.expansion)',
    breaks: 'A search is given the defaults that clients are told',
    tests: ['contract/src/search-request.test.ts'],
  },
  {
    id: 'contract-limit',
    file: 'contract/src/search-options.ts',
    find: '.max(candidatesAskedMax)',
    replace: '.max(expansionMax)',
    breaks: 'A search may ask for as many candidates as the limit says',
    tests: ['contract/src/search-request.test.ts'],
  },
  {
    id: 'contract-default-plan',
    file: 'contract/src/vocabulary.ts',
    find: "  plan: 'auto',",
    replace: "  plan: 'exact',",
    breaks: 'A search that says nothing takes the cheapest plan that finds nearly all',
    tests: ['coordinator/src/search/search-input.test.ts'],
  },
]

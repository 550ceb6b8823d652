/**
 * The console in Debian's chromium, on a real cluster. One browser and one cluster serve all: the tests of each page stand
 * in a file of their own, and are listed here.
 */

import { accessibilityTests } from './accessibility-tests.ts'
import { clusterTests } from './cluster-tests.ts'
import { evaluationTests, makeJudgedIndex } from './evaluation-tests.ts'
import { indexesTests } from './indexes-tests.ts'
import { jobsTests } from './jobs-tests.ts'
import { labTests } from './lab-tests.ts'
import { mapTests } from './map-tests.ts'
import { missingBrowser, shareConsole } from './shared-console.ts'
import { shellTests } from './shell-tests.ts'

if (missingBrowser !== undefined) {
  describe('the console', () => it.skip(`left out: ${missingBrowser}`))
} else {
  describe('the console', () => {
    const shared = shareConsole()
    before(() => makeJudgedIndex(shared))
    shellTests(shared)
    labTests(shared)
    indexesTests(shared)
    jobsTests(shared)
    clusterTests(shared)
    evaluationTests(shared)
    mapTests(shared)
    accessibilityTests(shared)
  })
}

import type { Page } from './app/page.ts'
import { clusterPage } from './pages/cluster/cluster-page.tsx'
import { evaluationPage } from './pages/evaluation/evaluation-page.tsx'
import { indexesPage } from './pages/indexes/indexes-page.tsx'
import { jobsPage } from './pages/jobs/jobs-page.tsx'
import { labPage } from './pages/lab/lab-page.tsx'
import { mapPage } from './pages/map/map-page.tsx'

/** All pages, in the order of the navigation; the first that the key allows is where one begins. */
export const pages: readonly Page[] = [labPage, mapPage, evaluationPage, clusterPage, indexesPage, jobsPage]

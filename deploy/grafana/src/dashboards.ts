import { buildPage, type Page } from './page.ts'
import { clusterPage } from './pages/cluster.ts'
import { indexingPage } from './pages/indexing.ts'
import { overviewPage } from './pages/overview.ts'
import { searchPage } from './pages/search.ts'

export const pages: readonly Page[] = [overviewPage, searchPage, indexingPage, clusterPage]

/** The files of deploy/grafana, by name: what Grafana imports. */
export function renderDashboards(): Map<string, string> {
  return new Map(pages.map(page => [`${page.name}.json`, `${JSON.stringify(buildPage(page), null, 2)}\n`]))
}

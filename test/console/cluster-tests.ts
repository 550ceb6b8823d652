import assert from 'node:assert/strict'
import type { ClusterDescription } from '@hypershard/contract'
import { eventually } from '@hypershard/harness'
import type { Page } from 'playwright-core'
import { focused, type SharedConsole } from './shared-console.ts'

/** More than are in the page whole; how as many as an index may have scroll, `npm run bench -- console` measures. */
const shards = 64

/** The page of the cluster. */
export function clusterTests(shared: SharedConsole): void {
  describe('the page of the cluster', () => {
    before(async () => {
      const made = await shared.cluster.request('POST', '/v1/indexes', { name: 'wide', shards })
      assert.equal(made.status, 201)
    })

    /** Without it, each look at all pages has as many shards. */
    after(() => shared.cluster.request('DELETE', '/v1/indexes/wide'))

    const servers = (page: Page) => page.getByRole('region', { name: 'Shard servers', exact: true }).last()
    const rowOf = (page: Page, address: string) => servers(page).getByRole('row', { name: address })

    async function describeCluster(): Promise<ClusterDescription> {
      return (await shared.cluster.request<ClusterDescription>('GET', '/v1/cluster')).body
    }

    it('shows that a server is killed, and that it lives again, to who sees it and to who does not', async () => {
      const page = await shared.open('#/cluster')
      const [first] = (await describeCluster()).servers
      const row = rowOf(page, first!.address)
      await row.getByText('live', { exact: true }).waitFor()
      const { name } = shared.cluster.cluster.processes.find(one => one.name.startsWith('shard'))!
      shared.cluster.process(name).kill('SIGKILL')
      await servers(page).getByText('down', { exact: true }).waitFor()
      const told = page.getByRole('status').filter({ hasText: /is down$/ })
      assert.match((await told.textContent()) ?? '', /^127\.0\.0\.1:\d+ is down$/)
      await servers(page).getByText('down', { exact: true }).waitFor({ state: 'detached' })
      await page
        .getByRole('status')
        .filter({ hasText: /is live again$/ })
        .waitFor({ state: 'attached' })
    })

    it('drains a server and takes it back, by keyboard alone, once that is confirmed', async () => {
      const page = await shared.open('#/cluster')
      const [{ address } = assert.fail()] = (await describeCluster()).servers
      await rowOf(page, address).getByText('live', { exact: true }).waitFor()
      const drain = page.getByRole('button', { name: `Drain ${address}` })
      await drain.focus()
      await page.keyboard.press('Enter')
      await page.getByRole('dialog').waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      assert.equal((await describeCluster()).servers[0]!.draining, false)
      assert.equal(await focused(page), `Drain ${address}`)
      await page.keyboard.press('Enter')
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).press('Enter')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      assert.equal(await focused(page), `Drain ${address}`)
      await page.keyboard.press('Enter')
      await page.getByRole('dialog').getByRole('button', { name: 'Drain' }).focus()
      await page.keyboard.press('Enter')
      await rowOf(page, address).getByText('draining', { exact: true }).waitFor()
      // The button that was pressed has the focus still, and says another thing now.
      await page.getByRole('button', { name: `Undrain ${address}` }).waitFor()
      assert.equal(await focused(page), `Undrain ${address}`)
      await page.keyboard.press('Enter')
      await page.getByRole('dialog').getByRole('button', { name: 'Undrain' }).focus()
      await page.keyboard.press('Enter')
      await rowOf(page, address).getByText('live', { exact: true }).waitFor()
      await eventually(async () => !(await describeCluster()).servers[0]!.draining)
    })

    it('scrolls through many shards, with few of them in the page', async () => {
      const page = await shared.open('#/cluster')
      const list = page.getByRole('region', { name: 'Shards by server' })
      await page.getByLabel('Index', { exact: true }).selectOption('wide')
      // What cannot be seen is not in the page.
      await list.scrollIntoViewIfNeeded()
      await list.getByText('shard 0', { exact: true }).waitFor()
      const rows = list.getByRole('listitem')
      assert((await rows.count()) < shards, `${await rows.count()} rows`)
      assert.equal(await rows.first().getAttribute('aria-setsize'), String(shards))
      await list.focus()
      await page.keyboard.press('End')
      await list.getByText(`shard ${shards - 1}`, { exact: true }).waitFor()
      assert((await rows.count()) < shards)
    })

    it('is not there for a key that may not see the cluster, and offers no drain to one that may only look', async () => {
      const searching = await shared.open('#/cluster', { key: 'search' })
      await searching.getByRole('heading', { name: 'There is no such page' }).waitFor()
      const reading = await shared.open('#/cluster', { key: 'read' })
      await servers(reading).getByText('live', { exact: true }).first().waitFor()
      assert.equal(await reading.getByRole('button', { name: /^Drain/ }).count(), 0)
      await reading.getByText('Draining servers: This needs a key with the scope admin.').waitFor()
    })
  })
}

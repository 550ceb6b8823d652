import assert from 'node:assert/strict'
import type { GenerationDescription } from '@hypershard/contract'
import { eventually } from '@hypershard/harness'
import { madeUpDocuments } from '@hypershard/harness/cluster'
import type { SharedConsole } from './shared-console.ts'

/** The page of the jobs. */
export function jobsTests(shared: SharedConsole): void {
  describe('the page of the jobs', () => {
    before(async () => {
      await shared.cluster.request('POST', '/v1/indexes', { name: 'moved', shards: 2 })
      const put = await shared.cluster.put('moved', madeUpDocuments(200))
      assert.deepEqual([put.status, put.body.failed], [200, 0])
    })

    async function describeBuild(generation: number): Promise<GenerationDescription> {
      return (await shared.cluster.request<GenerationDescription>('GET', `/v1/indexes/moved/generations/${generation}`))
        .body
    }

    it('builds an index anew in view, compares, promotes and rolls back', async () => {
      const page = await shared.open('#/jobs?index=moved')
      const dialog = page.getByRole('dialog')
      const build = page.getByRole('article', { name: 'Generation 2' })
      await page.getByRole('button', { name: 'Reindex' }).click()
      await dialog.getByLabel('Shards').fill('3')
      await dialog.getByLabel('Documents a second, at most').fill('10')
      await dialog.getByRole('button', { name: 'Start' }).click()
      await build.getByText('at most 10 documents/s').waitFor()
      assert.equal(await build.getByRole('button', { name: 'Promote generation 2' }).isDisabled(), true)
      await build.getByText('It has not caught up yet.').waitFor()

      await build.getByRole('button', { name: 'Pause generation 2' }).click()
      await build.getByText('paused', { exact: true }).waitFor()
      assert.equal((await describeBuild(2)).paused, true)
      await build.getByRole('button', { name: 'Throttle generation 2' }).click()
      await dialog.getByLabel('Documents a second, at most').fill('')
      await dialog.getByRole('button', { name: 'Set' }).click()
      await dialog.waitFor({ state: 'detached' })
      assert.equal((await describeBuild(2)).documents_per_second_max, null)
      await build.getByRole('button', { name: 'Go on generation 2' }).click()
      // Told by the events, and not by asking.
      await build.getByText('200 of 200 documents').waitFor()

      await build.getByText('caught up', { exact: true }).waitFor()
      await build.getByRole('button', { name: 'Compare generation 2' }).click()
      await build.getByLabel('Queries, one a line').fill('bake dice\n\n  sali moru ')
      await build.getByRole('button', { name: 'Ask both' }).click()
      const different = build.getByRole('row').getByRole('link')
      await different.nth(1).waitFor()
      const links = await different.evaluateAll(all => all.map(link => link.getAttribute('href')))
      assert.deepEqual(links.toSorted(), [
        '#/lab?index=moved&query=bake+dice&a=%7B%22generation%22%3A1%7D&b=%7B%22generation%22%3A2%7D',
        '#/lab?index=moved&query=sali+moru&a=%7B%22generation%22%3A1%7D&b=%7B%22generation%22%3A2%7D',
      ])

      await build.getByRole('button', { name: 'Promote generation 2' }).click()
      await dialog.getByRole('button', { name: 'Promote' }).click()
      await build.getByText('served', { exact: true }).waitFor()
      assert.deepEqual((await describeBuild(2)).names, ['moved'])
      await page.getByRole('button', { name: 'Roll back' }).click()
      await dialog.getByRole('button', { name: 'Roll back' }).click()
      await page.getByRole('article', { name: 'Generation 1' }).getByText('served', { exact: true }).waitFor()
      assert.deepEqual((await describeBuild(2)).names, [])
      await build.getByRole('button', { name: 'Drop generation 2' }).click()
      await dialog.getByRole('button', { name: 'Drop' }).click()
      await eventually(async () => (await describeBuild(2)).phase === 'dropped')
      await build.waitFor({ state: 'detached' })
    })

    it('shows a key that only reads the same, and no way to change it', async () => {
      const page = await shared.open('#/jobs?index=moved', { key: 'read' })
      const served = page.getByRole('article', { name: 'Generation 1' })
      await served.getByText('served', { exact: true }).waitFor()
      assert.equal(await served.getByRole('button').count(), 0)
      await page.getByText('Reindexing, promoting and the like: This needs a key with the scope admin.').waitFor()
    })
  })
}

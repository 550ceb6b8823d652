import { median } from '../../statistics.ts'
import { atLeast } from '../bars.ts'
import type { ClusterSizesRun } from './cluster-sizes-run.ts'

const encodersBefore = 1
const encodersAfter = 2
const timesMin = 1.8
const indexName = 'rate'

/**
 * Documents a second with two encoder services of one thread each beside one, in turns: the same documents go into a new
 * index each time.
 */
export async function measureEncoders(run: ClusterSizesRun): Promise<void> {
  const documents = run.documents.length
  await run.inFleet({ shardServers: 1, encoders: encodersBefore, replicas: 1 }, async ({ fleet, load }) => {
    const { qnet } = await load.models()
    const ratios: number[] = []
    const rate = async () => {
      await load.indexes.create(indexName, qnet.name)
      await load.untilQuiet()
      const indexed = await load.indexes.load(indexName, documents)
      return documents / indexed.seconds
    }
    for (let round = 0; round < run.settings.load.rounds; round++) {
      const one = await rate()
      const { name } = await fleet.cluster.addEncoder()
      const two = await rate()
      await fleet.cluster.removeProcess(name, { signal: 'SIGTERM' })
      load.figure(`${encodersBefore} encoder of one thread: documents indexed a second`, one)
      load.figure(`${encodersAfter} encoders of one thread each: documents indexed a second`, two)
      ratios.push(two / one)
    }
    const what = `${encodersAfter} encoders of one thread each / ${encodersBefore}: documents indexed a second`
    load.bar(atLeast(what, median(ratios), timesMin))
  })
}

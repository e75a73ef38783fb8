import { runCommand } from '../infra/command.ts'
import { buildImage } from '../infra/image/build.ts'

await runCommand(
  `usage: hack/image build
  build   builds the image of worker and operator and prints its name and its archive`,
  {
    build: async () => {
      const image = await buildImage()
      console.log(`${image.name} ${image.archive}`)
    },
  },
)

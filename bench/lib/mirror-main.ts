import { startMirror } from '../../test/fake/mirror.ts';

const mirror = await startMirror(process.argv[2] as string);
console.log(mirror.url);

// Python programs that the checks run against: each in a virtual environment in the cache folder.

import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, Stop, which } from './process.mjs';
import { cacheDir } from './setup.mjs';

/** What is installed, and in which version. */
export const tools = {
  awsCli: { title: 'the AWS CLI', folder: 'awscli', requirement: 'awscli', version: '1.46.2', program: 'aws' },
  moto: { title: 'moto, a mock of AWS', folder: 'moto', requirement: 'moto[server]', version: '5.2.5', program: 'moto_server' },
};

/** The path of a tool's program; installs the tool when it is missing or of another version. */
export async function ensureTool({ title, folder, requirement, version, program }) {
  const home = join(cacheDir, 'tools', folder);
  const mark = join(home, `culvert-${version}`);
  if (!existsSync(mark)) {
    if (!which('python3')) throw new Stop(`Python is needed for ${title}: there is no python3 on PATH.`);
    console.log(`Installing ${title} ${version} in ${home} …`);
    rmSync(home, { recursive: true, force: true });
    await must('Python could not make a virtual environment; on Debian the package python3-venv is needed', 'python3', ['-m', 'venv', home]);
    await must(`${title} could not be installed`, join(home, 'bin', 'pip'), ['install', '--disable-pip-version-check', '--quiet', `${requirement}==${version}`]);
    writeFileSync(mark, '');
  }
  return join(home, 'bin', program);
}

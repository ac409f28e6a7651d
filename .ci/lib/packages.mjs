// System packages: which are needed for what, which are missing, how they get here.

import { readFileSync } from 'node:fs';
import { must, read, Stop, which } from './process.mjs';

/** The groups of Debian packages, each with the reason that is given before it is installed. */
export const groups = {
  compiler: {
    why: 'to compile: a C compiler and linker',
    packages: ['build-essential', 'pkg-config'],
  },
  window: {
    why: 'to build the desktop window: WebKit, icons, D-Bus',
    packages: [
      'file',
      'libwebkit2gtk-4.1-dev',
      'librsvg2-dev',
      'libdbus-1-dev',
    ],
  },
  windowTest: {
    why: 'to test the real window without a display: X server, message bus, WebDriver, fonts, icons',
    packages: [
      'xvfb',
      'dbus-daemon',
      'webkit2gtk-driver',
      'fonts-dejavu-core',
      'adwaita-icon-theme',
    ],
  },
  packageTest: {
    why: 'to look into the packages and install one: checkers of desktop entries and metainfo, rpm',
    packages: ['desktop-file-utils', 'appstream', 'rpm', 'libglib2.0-bin', 'dpkg-dev'],
  },
  keyring: {
    why: 'to test with a real keyring: a Secret Service and a message bus',
    packages: ['gnome-keyring', 'dbus-daemon', 'dbus-bin'],
  },
  python: {
    why: 'to test with the real AWS CLI and a mock of AWS: Python, which they are written in',
    packages: ['python3', 'python3-venv'],
  },
};

/** Makes sure that the named groups are there; installs on Debian and its kin, elsewhere says what is missing and stops. */
export async function ensurePackages(names) {
  if (process.platform === 'linux' && which('dpkg-query') && which('apt-get')) {
    await ensureDebian(names);
  } else {
    await ensureElsewhere(names);
  }
}

/** Whether there is a Python that can make virtual environments, wherever it came from. */
export async function hasPython() {
  return (await read('python3', ['-c', 'import ensurepip, venv'])).code === 0;
}

/** The packages of `wanted` that the output of `dpkg-query -W -f '${Package} ${db:Status-Status}\n'` doesn't show as installed. */
export function missingPackages(wanted, statusLines) {
  const installed = new Set(
    statusLines
      .split('\n')
      .map((line) => line.trim().split(' '))
      .filter(([, status]) => status === 'installed')
      .map(([name]) => name),
  );
  return wanted.filter((name) => !installed.has(name));
}

async function ensureDebian(names) {
  const missing = [];
  for (const name of names) {
    const group = groups[name];
    const answer = await read('dpkg-query', [
      '-W',
      '-f',
      '${Package} ${db:Status-Status}\n',
      ...group.packages,
    ]);
    const lacking = missingPackages(group.packages, answer.out);
    if (lacking.length === 0) continue;
    console.log(`System packages needed ${group.why}:\n  ${lacking.join(' ')}`);
    missing.push(...lacking);
  }
  if (missing.length === 0) return;

  const asRoot = process.getuid() === 0;
  const command = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (!asRoot && !which('sudo')) {
    throw new Stop(`These packages can't be installed: this is not root, and there is no sudo. As root, run\n  ${command}`);
  }
  console.log(`Installing them with apt-get${asRoot ? '' : ', through sudo'} …`);
  const apt = (args) => {
    const noninteractive = ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-y', '-o', 'DPkg::Lock::Timeout=300', ...args];
    return asRoot ? ['env', noninteractive] : ['sudo', ['env', ...noninteractive]];
  };
  const sentence = 'The system packages could not be installed. Install them by hand, then run this again';
  // sudo may have to ask for a password.
  const options = { input: !asRoot };
  await must(sentence, ...apt(['update']), options);
  await must(
    sentence,
    ...apt(['-o', 'Dpkg::Use-Pty=0', 'install', '--no-install-recommends', ...missing]),
    options,
  );
}

// Other systems have other names for these, and their own ways to install them.
async function ensureElsewhere(names) {
  const missing = [];
  if (process.platform !== 'win32' && !which('cc')) {
    missing.push(process.platform === 'darwin' ? 'a C compiler (xcode-select --install)' : 'a C compiler (cc)');
  }
  if (process.platform === 'linux') {
    if (names.includes('window')) missing.push(...(await missingLibraries()));
    if (names.includes('windowTest')) {
      for (const program of ['Xvfb', 'dbus-run-session', 'WebKitWebDriver']) {
        if (!which(program)) missing.push(program);
      }
    }
  }
  if (names.includes('packageTest')) {
    for (const program of ['dpkg', 'dpkg-shlibdeps', 'rpm', 'desktop-file-validate', 'appstreamcli', 'gio']) {
      if (!which(program)) missing.push(program);
    }
  }
  if (process.platform === 'linux' && names.includes('keyring')) {
    for (const program of ['gnome-keyring-daemon', 'dbus-daemon', 'dbus-send']) {
      if (!which(program)) missing.push(program);
    }
  }
  if (names.includes('python')) missing.push('python3 with venv');
  if (missing.length > 0) {
    throw new Stop(
      `Only Debian's packages are installed automatically, and this is ${systemName()}. Missing here:\n` +
        missing.map((name) => `  ${name}`).join('\n') +
        '\nInstall that, then run this again.',
    );
  }
}

async function missingLibraries() {
  if (!which('pkg-config')) return ['pkg-config'];
  const libraries = {
    'webkit2gtk-4.1': 'WebKitGTK 4.1 with its headers',
    'librsvg-2.0': 'librsvg 2 with its headers',
    'dbus-1': 'D-Bus with its headers',
  };
  const missing = [];
  for (const [module, name] of Object.entries(libraries)) {
    if ((await read('pkg-config', ['--exists', module])).code !== 0) missing.push(name);
  }
  return missing;
}

function systemName() {
  if (process.platform !== 'linux') return process.platform;
  try {
    return /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))[1];
  } catch {
    return 'another Linux';
  }
}

#!/bin/bash
# Makes the Debian root that the stock-server test boots: `make-debian-root.sh FOLDER` leaves it in FOLDER/debian-root.
# A root of the same recipe (this file) is reused; one that was left half made, or made by another recipe, is replaced.
# Needs root, debootstrap and a Debian mirror; takes about two minutes and 700 MB.
set -euo pipefail

folder=${1:?usage: make-debian-root.sh FOLDER}
root=$folder/debian-root
recipe=$(sha256sum "$0" | cut -d ' ' -f 1)

mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9
if [ "$(cat "$folder/debian-root.recipe" 2>/dev/null)" = "$recipe" ]; then
  exit 0
fi

rm -rf --one-file-system "$root" "$root.new" "$folder/debian-root.recipe"
debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,iproute2,procps bookworm "$root.new" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}"

# What a package starts in a chroot would run on this host.
printf '#!/bin/sh\nexit 101\n' >"$root.new/usr/sbin/policy-rc.d"
chmod 755 "$root.new/usr/sbin/policy-rc.d"
in_root() {
  chroot "$root.new" /usr/bin/env DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
install_packages() {
  in_root apt-get install -q -y --no-install-recommends "$@"
}
install_packages openssh-server chrony postgresql nginx-light rsyslog netcat-openbsd
# The last one: it takes /etc/resolv.conf over, and the name of the mirror can no longer be resolved.
install_packages systemd-resolved
in_root apt-get clean
rm "$root.new/usr/sbin/policy-rc.d"

# A log server on the port everyone has it on, and a time server that leaves the clock of this host alone.
cat >"$root.new/etc/rsyslog.d/receive.conf" <<'CONF'
module(load="imudp")
module(load="imtcp")
input(type="imudp" port="514")
input(type="imtcp" port="514")
CONF
echo 'allow 192.0.2.0/24' >"$root.new/etc/chrony/conf.d/serve.conf"
echo 'DAEMON_OPTS="-F 1 -x"' >"$root.new/etc/default/chrony"
echo stock-server >"$root.new/etc/hostname"

mv "$root.new" "$root"
echo "$recipe" >"$folder/debian-root.recipe"

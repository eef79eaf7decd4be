#!/bin/sh
# Unpacks Debian's syslog-ng-core into a folder and leaves a command `syslog-ng` there: it cannot be installed beside rsyslog.
# usage: unpack-syslog-ng.sh FOLDER; then SYSLOG_NG=FOLDER/syslog-ng npm run test:system
set -eu
mkdir -p "$1"
cd "$1"
[ -x syslog-ng ] && exit 0
for package in syslog-ng-core syslog-ng-mod-sql libdbi1 libivykis0 libnet1 libwrap0 libpcre3 libjson-c5; do
  apt-get download -q "$package"
  dpkg -x "$package"_*.deb root
done
cat >syslog-ng.new <<EOF
#!/bin/sh
root='$PWD/root'
export LD_LIBRARY_PATH="\$root/usr/lib/syslog-ng:\$(echo "\$root"/usr/lib/*-linux-gnu | tr ' ' :):\$(echo "\$root"/lib/*-linux-gnu | tr ' ' :)"
exec "\$root/usr/sbin/syslog-ng" --module-path="\$(echo "\$root"/usr/lib/syslog-ng/3.*)" "\$@"
EOF
chmod 755 syslog-ng.new
mv syslog-ng.new syslog-ng

#!/bin/sh
# Makes a log server of the sandbox that it runs in, from the files of docs/fleet as they stand: /etc and /var are layers over the
# machine's, which is not touched.
# usage: fleet-server.sh DOCS_FLEET NAME_OF_THE_SERVER HOST...
set -eu
fleet=$1 server=$2
shift 2
sh "$(dirname "$0")/fleet-layers.sh"

mkdir /etc/portreeve-logs
cd /etc/portreeve-logs
sh "$fleet/certificates.sh" ca
sh "$fleet/certificates.sh" server "$server"
for host in "$@"; do sh "$fleet/certificates.sh" host "$host"; done
mv "$server.pem" server.pem
mv "$server.key" server.key

rm -rf /etc/rsyslog.d /etc/rsyslog.conf
mkdir -p /etc/rsyslog.d /var/spool/rsyslog /var/lib/syslog-ng
printf 'global(workDirectory="/var/spool/rsyslog")\ninclude(file="/etc/rsyslog.d/*.conf")\n' >/etc/rsyslog.conf
cp "$fleet/rsyslog.conf" /etc/rsyslog.d/portreeve.conf
{ echo '@version: 3.38'; cat "$fleet/syslog-ng.conf"; } >/etc/portreeve-logs/syslog-ng.conf

mkdir /run/postgresql /run/database
chown postgres /run/postgresql /run/database
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
cd /run/database
runuser -u postgres -- "$bin/initdb" -D data -A peer -N --no-instructions >/dev/null
cat "$fleet/pg_hba.conf" data/pg_hba.conf >hba
cat hba >data/pg_hba.conf
cat "$fleet/pg_ident.conf" >>data/pg_ident.conf
printf 'exec runuser -u postgres -- "%s/pg_ctl" -D /run/database/data -w -m immediate -o "-k /run/postgresql -c listen_addresses= -F" -l /run/database/log "$@" </dev/null >/dev/null\n' "$bin" >control
sh ./control start
runuser -u postgres -- createdb portreeve
runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 -d portreeve -f "$fleet/schema.sql"

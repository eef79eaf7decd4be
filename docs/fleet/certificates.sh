#!/bin/sh
# Certificates of a log server and of the hosts that send to it, each in the folder that it is run in:
#   certificates.sh ca              once: an authority for nothing but this (ca.pem; ca.key stays here)
#   certificates.sh server NAME     for the log server, under the name or address that the hosts know it by
#   certificates.sh host NAME       for one host, under its name
# NAME.pem and NAME.key then go to who bears the name, with ca.pem. Days of validity: DAYS, 825 if it is not set.
set -eu
umask 077

issue() { # NAME USAGE
  case $1 in
    '' | -* | *[!A-Za-z0-9.:_-]*) echo "$1 is no name of a host" >&2; exit 2 ;;
    *:* | *[0-9].*[0-9].*[0-9].*[0-9]) kind=IP ;;
    *) kind=DNS ;;
  esac
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
  printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=%s\nsubjectAltName=%s:%s\n' "$2" "$kind" "$1" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "${DAYS:-825}" -extfile "$1.ext" -out "$1.pem" 2>/dev/null
  rm "$1.csr" "$1.ext"
  openssl verify -CAfile ca.pem "$1.pem"
}

case ${1-} in
  ca)
    if [ -e ca.key ]; then echo 'there is a ca.key already' >&2; exit 1; fi
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 3650 \
      -subj '/CN=portreeve log authority' -addext 'keyUsage=critical,keyCertSign,cRLSign' 2>/dev/null
    ;;
  server) issue "${2-}" serverAuth ;;
  host) issue "${2-}" clientAuth ;;
  *) sed -n '2,6s/^# //p' "$0" >&2; exit 2 ;;
esac

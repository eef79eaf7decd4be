#!/bin/sh
# Lays writable layers over /etc and /var in the mount namespace that it runs in; /run is a tmpfs there.
set -eu
for folder in etc var; do
  mkdir -p "/run/layers/$folder" "/run/layers/$folder.work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=/run/layers/$folder,workdir=/run/layers/$folder.work" "/$folder"
done

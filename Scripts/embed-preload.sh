#!/bin/sh
# Compiles the preload library and writes its bytes where the package embeds them. Does nothing where they are newer.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
source=$root/Preload/preload.c
folder=$root/Sources/CLibraries/CPreloadBlob/generated
bytes=$folder/preload_bytes.inc

if [ -f "$bytes" ] && [ "$bytes" -nt "$source" ] && [ "$bytes" -nt "$0" ]; then exit 0; fi
mkdir -p "$folder"
library=$(mktemp)
trap 'rm -f "$library" "$bytes.new"' EXIT
"${CC:-cc}" -shared -fPIC -O2 -Wall -Wextra -Werror -s -o "$library" "$source" -ldl
od -An -v -tu1 "$library" | sed -e 's/^ *//' -e 's/  */,/g' -e 's/$/,/' >"$bytes.new"
mv "$bytes.new" "$bytes"
echo "embedded the preload library: $(wc -c <"$library") bytes"

#!/usr/bin/env bash
# Installs into a folder of its own and plays the story with nothing but what is there; a department
# plugin and a product plugin are written from the template, built against the installed SDK and
# checked, and the department's one answers a citizen.
#   installed_story.sh CMAKE BUILD_DIR
set -euo pipefail
cmake=$1
build=$2
work=$(mktemp -d)
host=
finish() {
  if [ -n "$host" ]; then kill -KILL "$host" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT

"$cmake" --install "$build" --prefix "$work/usr" >"$work/install.log"
cd "$work"
for program in quancheng quancheng-host quancheng-console; do
  "usr/bin/$program" --help >/dev/null
done
usr/bin/quancheng city init --dir city --plugins-dir usr/lib/quancheng/plugins \
  --sql-dir usr/share/quancheng/sql --page-dir usr/share/quancheng/page --port 0 --people 40
chain=$(sed -n 's/^ *"chain": "\(.*\)".*/\1/p' city/city.json)

# The author: from an empty folder to a package.
for kind in department product; do
  usr/bin/quancheng plugin new "my_$kind" --kind "$kind" --owner "my-$kind" --code mine \
    --dir "project/$kind"
  lines=$(grep -cvE '^[[:space:]]*(//.*)?$' "project/$kind/my_$kind.cpp")
  [ "$lines" -gt 5 ] && [ "$lines" -le 25 ] || { echo "$lines lines of author code"; exit 1; }
  usr/bin/quancheng plugin build "project/$kind"
  ! grep -rq "$build" "project/$kind/build/CMakeCache.txt" || { echo "not the installed SDK"; exit 1; }
done
mkdir -m 700 bureau
sed -n 's/.*"id_no": "\(.*\)".*/"\1": {"title": "示例", "amount": 12300, "since": "2020-01-31"},/p' \
  city/population/people.json | sed '1s/^/{/; $s/,$/}/' >bureau/records.json
usr/bin/quancheng key make bureau/key.pem --new-passphrase-file bureau/passphrase \
  --jwk bureau/key.jwk.json
cat >city/config/plugins/my_department.toml <<TOML
key = "$work/bureau/key.pem"
passphrase_file = "$work/bureau/passphrase"
records_file = "$work/bureau/records.json"
TOML
usr/bin/quancheng plugin check project/department/build/plugins/my_department \
  --settings city/config/plugins/my_department.toml --junit check.xml
grep -q 'tests="12" failures="0"' check.xml
usr/bin/quancheng plugin check project/product/build/plugins/my_product --seed 7 --cycles 100

# The publisher: the package, signed.
usr/bin/quancheng plugin pack project/department/build/plugins/my_department --out city/plugins
usr/bin/quancheng plugin inspect city/plugins/my_department | grep 'plugin sign'
usr/bin/quancheng plugin sign city/plugins/my_department --key bureau/key.pem \
  --passphrase-file bureau/passphrase --chain "$chain"

usr/bin/quancheng-host --config city/host.toml >ready 2>host.log &
host=$!
for _ in $(seq 1 300); do
  grep -q '^ready ' ready && break
  kill -0 "$host" || { cat host.log; exit 1; }
  sleep 0.1
done
url=$(sed -n 's/^ready //p' ready)
[ -n "$url" ] || { cat host.log; exit 1; }
usr/bin/quancheng story --dir city --url "$url"

# The operator: the department as a member, its plugin admitted; a citizen asks it.
operator="--profile city/profiles/operator.json --url $url"
package=city/plugins/my_department
usr/bin/quancheng operator admit-member $operator --account my-department --kind department \
  --code mine --name-zh 示例部门 --name-en "My department" --uscc 11370199QC0000089W \
  --contact my@quancheng.example --jwk bureau/key.jwk.json
usr/bin/quancheng plugin inspect $operator "$package" | grep 'operator admit-plugin'
usr/bin/quancheng operator admit-plugin $operator "$package"
usr/bin/quancheng operator plugin load $operator my_department
usr/bin/quancheng plugin inspect $operator "$package" | grep 'nobody'
usr/bin/quancheng department publish-items --url "$url" --key bureau/key.pem \
  --passphrase-file bureau/passphrase --host-key city/host.jwk.json "$package"
wallet=$(echo city/story-1/wallet-*)
wallet="--wallet $wallet --passphrase-file city/story-1/wallet.passphrase --url $url"
usr/bin/quancheng wallet fetch $wallet mine.record
usr/bin/quancheng wallet show $wallet | grep 示例
kill -TERM "$host"
wait "$host"
host=

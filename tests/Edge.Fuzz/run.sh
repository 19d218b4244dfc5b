#!/bin/sh
# Fuzzes one reader, or all of them one after the other, guided by which code an input reaches. An exception is a finding.
#   tests/Edge.Fuzz/run.sh [READER] [SECONDS]
# Needs Debian's afl++. Corpora and findings are in artifacts/fuzz/READER; a corpus is gone on with. Exit code 1 when something was found.
set -eu
cd "$(dirname "$0")/../.."
reader=${1:-all}
seconds=${2:-60}
program=$PWD/artifacts/fuzz/program

dotnet build tests/Edge.Fuzz -c Release -p:RunAnalyzers=false --nologo -v quiet -clp:ErrorsOnly
[ -x artifacts/fuzz/tool/sharpfuzz ] || dotnet tool install SharpFuzz.CommandLine --version 2.3.0 --tool-path artifacts/fuzz/tool > /dev/null
names=$reader
[ "$reader" != all ] || names=$(dotnet artifacts/bin/Edge.Fuzz/release/Edge.Fuzz.dll 2>&1 | sed -n 's/.*READER is //p' | tr -d ,)
rm -rf "$program"
cp -r artifacts/bin/Edge.Fuzz/release "$program"
for name in $names; do
    [ -d "artifacts/fuzz/$name/in" ] || dotnet "$program/Edge.Fuzz.dll" "$name" "artifacts/fuzz/$name/in"
done
artifacts/fuzz/tool/sharpfuzz "$program/edge.dll"

# What afl-fuzz asks of programs in C and of a machine of its own does not hold here.
export AFL_SKIP_BIN_CHECK=1 AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_AUTORESUME=1
found=0
for name in $names; do
    afl-fuzz -i "artifacts/fuzz/$name/in" -o "artifacts/fuzz/$name/out" -t 10000 -m none -V "$seconds" \
        dotnet "$program/Edge.Fuzz.dll" "$name" > "artifacts/fuzz/$name/log" || { tail -n 5 "artifacts/fuzz/$name/log"; exit 1; }
    value() { sed -n "s/^$1 *: //p" "artifacts/fuzz/$name/out/default/fuzzer_stats"; }
    echo "$name: $(value execs_done) inputs, $(value edges_found) edges, $(value corpus_count) in the corpus, $(value saved_crashes) crashes, $(value saved_hangs) hangs"
    [ "$(value saved_crashes)" = 0 ] && [ "$(value saved_hangs)" = 0 ] || found=1
done
exit $found

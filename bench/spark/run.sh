#!/usr/bin/env bash
# Compiles KilnBench.java against the Spark in $SPARK_HOME, once, and runs one workload of it.
# Usage: run.sh CLASSES_DIR key=value...   (the keys are those that KilnBench.java reads)
# Needs a JDK 17 or newer (javac, jar, java; JAVA_HOME is honoured). SPARK_DRIVER_MEMORY is the heap, 4g unless given.
set -euo pipefail

: "${SPARK_HOME:?set SPARK_HOME to a Spark 4 installation; pip install pyspark==4.3.0 makes one in site-packages/pyspark}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
classes=${1:?the first argument is the directory for compiled classes}
shift
bin=${JAVA_HOME:+$JAVA_HOME/bin/}
jar=$classes/kilnbench.jar

if [[ ! -e $jar ]]; then
	mkdir -p "$classes/out"
	"${bin}javac" -nowarn -cp "$SPARK_HOME/jars/*" -d "$classes/out" "$here/KilnBench.java"
	"${bin}jar" cf "$jar.new" -C "$classes/out" .
	mv "$jar.new" "$jar"
fi

# The packages that Spark reaches into, as its own launcher opens them.
opens="-XX:+IgnoreUnrecognizedVMOptions"
for package in java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.util java.util.concurrent \
	java.util.concurrent.atomic sun.nio.ch sun.nio.cs sun.security.action sun.util.calendar; do
	opens+=" --add-opens=java.base/$package=ALL-UNNAMED"
done

# local-cluster starts executors with Spark's launcher, which asks for the Scala version when it cannot see a source tree.
export SPARK_HOME SPARK_LOCAL_IP=127.0.0.1 SPARK_SCALA_VERSION=2.13
# shellcheck disable=SC2086 # opens is a list of words
exec "${bin}java" "-Xmx${SPARK_DRIVER_MEMORY:-4g}" $opens -Dio.netty.tryReflectionSetAccessible=true \
	-cp "$SPARK_HOME/jars/*:$jar" KilnBench "jar=$jar" "opens=$opens" "$@"

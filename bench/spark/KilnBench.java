import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.*;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * Spark's side of Kiln's benchmarks: the workloads of bench/data in Spark's Java RDD API, on the same rows and with the same checksums.
 * Arguments are key=value. One workload per process; its answer is one line:
 * RESULT workload figure rows checksum sum, the figure in the unit of bench's table.
 */
public final class KilnBench {
  static final long GOLDEN = 0x9E3779B97F4A7C15L;
  static final int PARTITIONS = 16, ITERATIONS = 10, DIMENSIONS = 10, CLUSTERS = 16, TOP = 20;

  /** What a workload answers. figure below 0 means: the wall time of the workload, in seconds. */
  static final class Answer implements Serializable {
    final double figure, sum;
    final long rows, checksum;

    Answer(double figure, long rows, long checksum, double sum) {
      this.figure = figure;
      this.rows = rows;
      this.checksum = checksum;
      this.sum = sum;
    }

    Answer(long rows, long checksum) {
      this(-1, rows, checksum, 0);
    }

    Answer plus(Answer o) {
      return new Answer(-1, rows + o.rows, checksum + o.checksum, sum + o.sum);
    }
  }

  /** The rows, as arithmetic on an index; bench/data/mix.go says the same. */
  record Rows(long seed, long pairs, long keys, long joined, long vertices, long edges) implements Serializable {
    static long mix(long x) {
      x = (x ^ x >>> 30) * 0xBF58476D1CE4E5B9L;
      x = (x ^ x >>> 27) * 0x94D049BB133111EBL;
      return x ^ x >>> 31;
    }

    static long below(long h, long n) {
      return (h >>> 32) * n >>> 32;
    }

    long random(long stream, long i) {
      return mix((seed << 8 | stream) * GOLDEN + mix(i));
    }

    Tuple2<Long, Long> pair(long i) {
      return new Tuple2<>(below(random(1, i), keys), i);
    }

    Tuple2<Long, Long> left(long i) {
      return new Tuple2<>(below(random(2, i), joined), i);
    }

    Tuple2<Long, Long> right(long i) {
      return new Tuple2<>(below(random(3, i), joined), i);
    }

    Tuple2<Long, Long> edge(long i) {
      long u = random(4, i) >>> 32;
      long source = (u * u >>> 32) * vertices >>> 32;
      u = random(5, i) >>> 32;
      long target = ((u * u >>> 32) * u >>> 32) * vertices >>> 32;
      return new Tuple2<>(source * 982_451_653L % vertices, target * 982_451_653L % vertices);
    }
  }

  interface Row extends Serializable {
    Tuple2<Long, Long> at(long i);
  }

  interface Sum<T> extends ToLongFunction<T>, Serializable {}

  final Map<String, String> args;
  final JavaSparkContext sc;
  final Rows rows;

  KilnBench(Map<String, String> args, JavaSparkContext sc) {
    this.args = args;
    this.sc = sc;
    this.rows = new Rows(n("seed"), n("pairs"), n("keys"), n("joined"), n("vertices"), n("edges"));
  }

  long n(String key) {
    return Long.parseLong(args.get(key));
  }

  public static void main(String[] argv) {
    Map<String, String> args = new HashMap<>();
    for (String arg : argv) {
      String[] kv = arg.split("=", 2);
      args.put(kv[0], kv[1]);
    }
    SparkConf conf = new SparkConf().setMaster(args.get("master")).setAppName("kiln-bench").set("spark.ui.enabled", "false")
        .set("spark.serializer", "org.apache.spark.serializer.KryoSerializer").set("spark.driver.maxResultSize", "0")
        .set("spark.local.dir", args.get("scratch")).set("spark.driver.host", "127.0.0.1")
        .set("spark.executor.extraJavaOptions", args.getOrDefault("opens", ""));
    if (args.get("master").startsWith("local-cluster")) {
      conf.set("spark.executor.memory", "2048m").setJars(new String[] {args.get("jar")});
    }
    try (JavaSparkContext sc = new JavaSparkContext(conf)) {
      String workload = args.get("workload");
      long began = System.nanoTime();
      Answer a = new KilnBench(args, sc).run(workload);
      double figure = a.figure >= 0 ? a.figure : (System.nanoTime() - began) / 1e9;
      System.out.printf(Locale.ROOT, "RESULT %s %.9f %d %x %.17g%n", workload, figure, a.rows, a.checksum, a.sum);
      System.out.flush();
    }
  }

  Answer run(String workload) {
    return switch (workload) {
      case "wordcount" -> wordCount();
      case "reduceByKey" -> checksum(generate(rows.pairs, rows::pair).reduceByKey(Long::sum, PARTITIONS), KilnBench::sumOfPair);
      case "groupByKey" -> checksum(generate(rows.pairs, rows::pair).groupByKey(PARTITIONS), KilnBench::sumOfGroup);
      case "join" -> checksum(generate(rows.joined, rows::left).join(generate(rows.joined, rows::right), PARTITIONS), KilnBench::sumOfJoined);
      case "sort" -> sort();
      case "pagerank" -> pageRank();
      case "kmeans" -> kMeans();
      case "scan" -> scan();
      case "fused" -> fused();
      case "emptyTasks" -> emptyTasks((int) n("tasks"));
      case "manyTasks" -> emptyTasks((int) n("manyTasks"));
      case "oneTask" -> latency(() -> empty(1));
      case "twoStages" -> latency(() -> shuffle(2, 2));
      case "manyShuffles" -> shuffles((int) n("width"));
      case "coldStart" -> coldStart();
      case "driverCPU" -> driverCPU((int) n("tasks"));
      case "broadcast" -> broadcast((int) n("bytes"));
      default -> throw new IllegalArgumentException("no workload " + workload);
    };
  }

  /** A row for each index below n, made where it is needed. */
  JavaPairRDD<Long, Long> generate(long n, Row row) {
    return indexes(PARTITIONS).mapPartitionsToPair(part -> {
      int p = part.next();
      return new Made(row, n * p / PARTITIONS, n * (p + 1) / PARTITIONS);
    });
  }

  /** The rows from index i up to, not including, index to. */
  static final class Made implements Iterator<Tuple2<Long, Long>> {
    final Row row;
    final long to;
    long i;

    Made(Row row, long from, long to) {
      this.row = row;
      this.i = from;
      this.to = to;
    }

    public boolean hasNext() {
      return i < to;
    }

    public Tuple2<Long, Long> next() {
      return row.at(i++);
    }
  }

  JavaRDD<Integer> indexes(int partitions) {
    return sc.parallelize(IntStream.range(0, partitions).boxed().collect(Collectors.toList()), partitions);
  }

  static <K, V> Answer checksum(JavaPairRDD<K, V> rdd, Sum<Tuple2<K, V>> sum) {
    return rdd.aggregate(new Answer(0, 0), (a, t) -> new Answer(a.rows + 1, a.checksum + sum.applyAsLong(t)), Answer::plus);
  }

  static long sumOfPair(Tuple2<Long, Long> t) {
    return Rows.mix(t._1 * GOLDEN + t._2);
  }

  static long sumOfGroup(Tuple2<Long, Iterable<Long>> t) {
    long total = 0, length = 0;
    for (long v : t._2) {
      total += v;
      length++;
    }
    return Rows.mix(t._1 * GOLDEN + total + (length << 48));
  }

  static long sumOfJoined(Tuple2<Long, Tuple2<Long, Long>> t) {
    return t._1 ^ (t._2._1 * GOLDEN + t._2._2);
  }

  static long sumOfWord(String word, long count) {
    long h = 0xcbf29ce484222325L;
    for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
      h = (h ^ (b & 0xff)) * 0x100000001b3L;
    }
    return Rows.mix(h + count * GOLDEN);
  }

  static final class MostFrequent implements Comparator<Tuple2<String, Long>>, Serializable {
    public int compare(Tuple2<String, Long> a, Tuple2<String, Long> b) {
      int c = Long.compare(b._2, a._2);
      return c != 0 ? c : a._1.compareTo(b._1);
    }
  }

  Answer wordCount() {
    List<Tuple2<String, Long>> top = sc.textFile(args.get("input")).flatMap(line -> fields(line).iterator())
        .mapToPair(word -> new Tuple2<>(word, 1L)).reduceByKey(Long::sum, PARTITIONS).map(t -> t).takeOrdered(TOP, new MostFrequent());
    return top.stream().map(t -> new Answer(1, sumOfWord(t._1, t._2))).reduce(new Answer(0, 0), Answer::plus);
  }

  /** Go's strings.Fields. */
  static List<String> fields(String line) {
    List<String> words = new ArrayList<>();
    int begin = -1;
    for (int i = 0; i <= line.length(); i++) {
      boolean space = i == line.length() || isSpace(line.charAt(i));
      if (space && begin >= 0) {
        words.add(line.substring(begin, i));
        begin = -1;
      } else if (!space && begin < 0) {
        begin = i;
      }
    }
    return words;
  }

  static boolean isSpace(char c) {
    return c == ' ' || c >= '\t' && c <= '\r' || c == 0x85 || c == 0xA0 || c > 0xFF && (Character.isSpaceChar(c));
  }

  Answer sort() {
    sc.textFile(args.get("input")).sortBy(line -> line.substring(0, 10), true, PARTITIONS).saveAsTextFile(args.get("output"));
    return new Answer(0, 0);
  }

  Answer pageRank() {
    JavaPairRDD<Long, Iterable<Long>> links = generate(rows.edges, rows::edge).groupByKey(PARTITIONS).cache();
    JavaPairRDD<Long, Double> ranks = links.mapValues(targets -> 1.0);
    for (int i = 0; i < ITERATIONS; i++) {
      ranks = links.join(ranks).values().<Long, Double>flatMapToPair(t -> {
        long degree = 0;
        for (Long target : t._1) {
          degree++;
        }
        double share = t._2 / degree;
        List<Tuple2<Long, Double>> shares = new ArrayList<>((int) degree);
        for (Long target : t._1) {
          shares.add(new Tuple2<>(target, share));
        }
        return shares.iterator();
      }).reduceByKey(Double::sum).mapValues(received -> 0.15 + 0.85 * received);
    }
    return ranks.aggregate(new Answer(0, 0), (a, t) -> new Answer(-1, a.rows + 1, 0, a.sum + t._2 * (t._1 % 1000)), Answer::plus);
  }

  Answer kMeans() {
    JavaRDD<double[]> points = sc.textFile(args.get("input")).map(line -> {
      double[] p = new double[DIMENSIONS];
      StringTokenizer fields = new StringTokenizer(line, " ");
      for (int d = 0; d < DIMENSIONS; d++) {
        p[d] = Double.parseDouble(fields.nextToken());
      }
      return p;
    }).cache();
    double[][] centres = points.take(CLUSTERS).toArray(new double[0][]);
    for (int i = 0; i < ITERATIONS; i++) {
      double[][] from = centres;
      double[][] sums = points.aggregate(new double[CLUSTERS][DIMENSIONS + 1], (s, p) -> {
        double[] near = s[nearest(p, from)];
        for (int d = 0; d < DIMENSIONS; d++) {
          near[d] += p[d];
        }
        near[DIMENSIONS]++;
        return s;
      }, KilnBench::addAll);
      centres = new double[CLUSTERS][];
      for (int c = 0; c < CLUSTERS; c++) {
        double count = sums[c][DIMENSIONS];
        centres[c] = count == 0 ? from[c] : Arrays.stream(sums[c], 0, DIMENSIONS).map(x -> x / count).toArray();
      }
    }
    double sum = 0;
    for (int c = 0; c < CLUSTERS; c++) {
      for (int d = 0; d < DIMENSIONS; d++) {
        sum += centres[c][d] * (c * DIMENSIONS + d + 1);
      }
    }
    return new Answer(-1, CLUSTERS, 0, sum);
  }

  static double[][] addAll(double[][] a, double[][] b) {
    for (int c = 0; c < a.length; c++) {
      for (int d = 0; d < a[c].length; d++) {
        a[c][d] += b[c][d];
      }
    }
    return a;
  }

  static int nearest(double[] p, double[][] centres) {
    int best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int c = 0; c < centres.length; c++) {
      double distance = 0;
      for (int d = 0; d < DIMENSIONS; d++) {
        double x = p[d] - centres[c][d];
        distance += x * x;
      }
      if (distance < least) {
        best = c;
        least = distance;
      }
    }
    return best;
  }

  Answer scan() {
    long n = n("scanned");
    // Boxed longs would take 2.4 GB: Spark's own way to cache numbers is an array per partition.
    JavaRDD<long[]> cached = indexes(PARTITIONS).map(p -> {
      long from = n * p / PARTITIONS, to = n * (p + 1) / PARTITIONS;
      long[] numbers = new long[(int) (to - from)];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = from + i;
      }
      return numbers;
    }).persist(StorageLevel.MEMORY_ONLY());
    cached.count();
    long began = System.nanoTime();
    final int scans = 10;
    long sum = 0;
    for (int i = 0; i < scans; i++) {
      sum = cached.flatMap(numbers -> Arrays.stream(numbers).iterator()).map(x -> x ^ x >> 3).reduce(Long::sum);
    }
    return new Answer((System.nanoTime() - began) / (double) scans / n, 1, sum, 0);
  }

  Answer fused() {
    long n = n("fused");
    long began = System.nanoTime();
    Answer a = indexes(1).flatMap(p -> java.util.stream.LongStream.range(0, n).iterator()).map(x -> (x + 1) ^ (x + 1) >> 3)
        .filter(y -> y >= 0).map(y -> (y + 1) ^ (y + 1) >> 3)
        .aggregate(new Answer(0, 0), (s, y) -> new Answer(s.rows + 1, s.checksum + y), Answer::plus);
    return new Answer((System.nanoTime() - began) / (double) n, a.rows, a.checksum, 0);
  }

  void empty(int tasks) {
    indexes(tasks).foreachPartition(rows -> {});
  }

  Answer emptyTasks(int tasks) {
    empty(tasks);
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      long began = System.nanoTime();
      empty(tasks);
      least = Math.min(least, System.nanoTime() - began);
    }
    return new Answer(tasks / (least / 1e9), tasks, 0, 0);
  }

  /** The median of many runs, in microseconds. */
  Answer latency(Runnable job) {
    final int warm = 100, runs = 500;
    long[] times = new long[runs];
    for (int i = -warm; i < runs; i++) {
      long began = System.nanoTime();
      job.run();
      if (i >= 0) {
        times[i] = System.nanoTime() - began;
      }
    }
    Arrays.sort(times);
    return new Answer(times[runs / 2] / 1e3, 0, 0, 0);
  }

  long shuffle(int maps, int reduces) {
    return indexes(maps).flatMapToPair(p -> IntStream.range(0, reduces).mapToObj(k -> new Tuple2<>((long) k, 1L)).iterator())
        .reduceByKey(Long::sum, reduces).count();
  }

  Answer shuffles(int width) {
    return new Answer(shuffle(width, width), 0);
  }

  Answer coldStart() {
    empty(1);
    return new Answer(System.currentTimeMillis() - n("began"), 0, 0, 0);
  }

  Answer driverCPU(int tasks) {
    var process = (com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory.getOperatingSystemMXBean();
    empty(tasks);
    empty(tasks);
    long before = process.getProcessCpuTime();
    empty(tasks);
    return new Answer((process.getProcessCpuTime() - before) / 1e3 / tasks, 0, 0, 0);
  }

  Answer broadcast(int bytes) {
    empty(16);
    byte[] value = new byte[bytes];
    new Random(n("seed")).nextBytes(value);
    long began = System.nanoTime();
    Broadcast<byte[]> sent = sc.broadcast(value);
    long used = indexes(16).map(p -> (long) sent.value().length).reduce(Long::sum);
    return new Answer((System.nanoTime() - began) / 1e9, used / 16, 0, 0);
  }
}

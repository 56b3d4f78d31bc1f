package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kilnproject/kiln/bench/data"
)

// Spark's side is compiled where it runs, so it travels in this binary.
var (
	//go:embed spark/KilnBench.java
	sparkProgram []byte
	//go:embed spark/run.sh
	sparkScript []byte
)

// sparkEngine is the Spark in SPARK_HOME, through its Java RDD API.
type sparkEngine struct {
	master string
	// rows that this master runs.
	rows []string
}

func init() {
	if os.Getenv("SPARK_HOME") == "" {
		return
	}
	register(sparkEngine{master: "local[2]", rows: []string{
		rowWordCount, rowReduceByKey, rowGroupByKey, rowJoin, rowSort, rowPageRank, rowKMeans, rowFused, rowScan,
		rowEmptyTasks, rowManyTasks, rowOneTask, rowTwoStages, rowColdStart, rowManyShuffles,
	}})
	register(sparkEngine{master: "local-cluster[2,1,2048]", rows: []string{
		rowEmptyTasks, rowManyTasks, rowOneTask, rowTwoStages, rowColdStart, rowManyShuffles, rowBroadcast, rowDriverCPU,
	}})
}

func (e sparkEngine) Name() string { return "spark/" + e.master }

// Run starts a JVM for the workload. Its figure comes from inside, after the context is up; but the time to start counts in coldStart.
func (e sparkEngine) Run(workload string, in data.Input) (Measured, error) {
	if !slices.Contains(e.rows, workload) {
		return Measured{}, errAbsent
	}
	args, err := e.arguments(workload, in)
	if err != nil {
		return Measured{}, err
	}
	dir, err := sparkFiles(in.Work)
	if err != nil {
		return Measured{}, err
	}
	// Spark wants to make the directory for its output itself.
	if err := os.Remove(in.Output); err != nil {
		return Measured{}, err
	}
	command := exec.Command("bash", append([]string{filepath.Join(dir, "run.sh"), filepath.Join(dir, "classes")}, args...)...)
	var printed, complaints bytes.Buffer
	command.Stdout, command.Stderr = &printed, &complaints
	if err := command.Run(); err != nil {
		return Measured{}, fmt.Errorf("spark: %w: %s", err, firstTrouble(complaints.Bytes()))
	}
	return parseSpark(printed.Bytes())
}

// arguments are those that KilnBench.java reads.
func (e sparkEngine) arguments(workload string, in data.Input) ([]string, error) {
	input := ""
	if row, err := rowNamed(workload); err != nil {
		return nil, err
	} else if row.prepare != nil {
		if input, err = row.prepare(in); err != nil {
			return nil, err
		}
	}
	args := []string{
		"workload=" + workload, "master=" + e.master, "input=" + input, "output=" + in.Output, "scratch=" + filepath.Dir(in.Output),
		fmt.Sprintf("began=%d", began.UnixMilli()),
	}
	for _, size := range []struct {
		key   string
		value int64
	}{
		{"seed", int64(in.Seed)}, {"pairs", in.Pairs()}, {"keys", in.Keys()}, {"joined", in.Joined()}, {"vertices", in.Vertices()},
		{"edges", in.Edges()}, {"scanned", in.Scanned()}, {"fused", in.Fused()}, {"tasks", in.Tasks()}, {"manyTasks", in.ManyTasks()},
		{"width", in.ShuffleWidth()}, {"bytes", in.BroadcastBytes()},
	} {
		args = append(args, fmt.Sprintf("%s=%d", size.key, size.value))
	}
	return args, nil
}

// sparkFiles writes the program and its script below work, in a directory of their content and of the Spark they are compiled for.
func sparkFiles(work string) (string, error) {
	hash := sha256.Sum256(slices.Concat(sparkProgram, sparkScript, []byte(os.Getenv("SPARK_HOME"))))
	dir := filepath.Join(work, "spark-"+hex.EncodeToString(hash[:8]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return dir, errors.Join(
		os.WriteFile(filepath.Join(dir, "KilnBench.java"), sparkProgram, 0o600),
		os.WriteFile(filepath.Join(dir, "run.sh"), sparkScript, 0o600))
}

// parseSpark reads the line RESULT workload figure rows checksum sum.
func parseSpark(printed []byte) (m Measured, err error) {
	lines := bufio.NewScanner(bytes.NewReader(printed))
	for lines.Scan() {
		var workload string
		if strings.HasPrefix(lines.Text(), "RESULT ") {
			_, err = fmt.Sscanf(lines.Text(), "RESULT %s %g %d %x %g", &workload, &m.Value, &m.Result.Rows, &m.Result.Checksum, &m.Result.Sum)
			return m, err
		}
	}
	return m, errors.New("spark printed no result")
}

// firstTrouble is the first line of a log that names an error.
func firstTrouble(log []byte) string {
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, "Exception") || strings.Contains(line, "rror") {
			return strings.TrimSpace(line)
		}
	}
	return strings.TrimSpace(string(log[:min(len(log), 300)]))
}

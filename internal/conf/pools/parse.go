package pools

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/kilnproject/kiln/internal/core/sched/pool"
)

// What a file may be. Nobody has so many pools: it is another file by mistake.
const (
	maxBytes    = 1 << 20
	maxPools    = 1000
	maxName     = 200
	maxProblems = 20
)

// Parse reads a pool file. The name is for errors only. An error holds an [*Error] for each problem, joined.
func Parse(name string, data []byte) ([]pool.Definition, error) {
	r := &reader{file: name, lines: map[string]int{}}
	if len(data) > maxBytes {
		r.problem(1, fmt.Sprintf("it has %d bytes, and at most %d are read", len(data), maxBytes), "name the right file")
		return nil, errors.Join(r.problems...)
	}
	r.xml = xml.NewDecoder(bytes.NewReader(data))
	r.document()
	if len(r.problems) > 0 {
		return nil, errors.Join(r.problems...)
	}
	return r.pools, nil
}

// reader goes once over the file. Each method leaves it behind the end of its element.
type reader struct {
	file     string
	xml      *xml.Decoder
	pools    []pool.Definition
	lines    map[string]int // of pools, by name
	problems []error
	broken   bool // nothing more can be read
}

func (r *reader) problem(line int, why, suggestion string) {
	r.problems = append(r.problems, &Error{r.file, line, why, suggestion})
	r.broken = r.broken || len(r.problems) == maxProblems
}

func (r *reader) line() int {
	line, _ := r.xml.InputPos()
	return line
}

// next gives the next token, or nil at the end of what can be read. The XML package checks that elements are closed in order.
func (r *reader) next() xml.Token {
	if r.broken {
		return nil
	}
	token, err := r.xml.Token()
	if err == nil {
		return token
	}
	r.broken = true
	if err != io.EOF {
		why := err.Error()
		if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
			why = syntax.Msg
		}
		r.problem(r.line(), "it is not XML: "+why, "write it as in fairscheduler.xml, in UTF-8")
	}
	return nil
}

// document reads the one root element, whatever its name is, as Spark does.
func (r *reader) document() {
	roots := 0
	for token := r.next(); token != nil; token = r.next() {
		switch token := token.(type) {
		case xml.StartElement:
			if roots++; roots > 1 {
				r.problem(r.line(), fmt.Sprintf("a second root element <%s> begins", token.Name.Local), "put all pools into one <allocations>")
				return
			}
			r.children(r.pool)
		case xml.CharData:
			r.stray(token)
		}
	}
	if roots == 0 && len(r.problems) == 0 {
		r.problem(r.line(), "it has no element", `write <allocations><pool name="NAME"/></allocations>`)
	}
}

// children reads up to the end of an element, and gives each element in it to the one that reads that.
func (r *reader) children(read func(xml.StartElement)) {
	for token := r.next(); token != nil; token = r.next() {
		switch token := token.(type) {
		case xml.StartElement:
			read(token)
		case xml.EndElement:
			return
		case xml.CharData:
			r.stray(token)
		}
	}
}

// stray refuses text where none has a meaning.
func (r *reader) stray(text xml.CharData) {
	if text := strings.TrimSpace(string(text)); text != "" {
		r.problem(r.line(), fmt.Sprintf("%s stands between elements", quote(text)), "take it out, or make it a comment")
	}
}

// quote gives text as people find it again.
func quote(text string) string {
	const enough = 40
	if short := []rune(text); len(short) > enough {
		text = string(short[:enough]) + "..."
	}
	return strconv.Quote(text)
}

// pool reads one <pool>.
func (r *reader) pool(start xml.StartElement) {
	line := r.line()
	if start.Name.Local != "pool" {
		r.problem(line, fmt.Sprintf("<%s> is not a pool", start.Name.Local), "write <pool>")
		r.skip()
		return
	}
	d := pool.Unweighted(r.name(start, line))
	seen := map[string]bool{}
	r.children(func(of xml.StartElement) {
		field := of.Name.Local
		if seen[field] {
			r.problem(r.line(), fmt.Sprintf("pool %q has a second <%s>", d.Name, field), "leave one")
		}
		seen[field] = true
		r.field(&d, field)
	})
	switch first := r.lines[d.Name]; {
	case d.Name == "":
	case first > 0:
		r.problem(line, fmt.Sprintf("pool %q is defined in line %d too", d.Name, first), "leave one of them")
	case len(r.pools) == maxPools:
		r.problem(line, fmt.Sprintf("there are more than %d pools", maxPools), "name the right file")
		r.broken = true
	default:
		r.lines[d.Name] = line
		r.pools = append(r.pools, d)
	}
}

// name gives the name of a pool, or nothing after a problem.
func (r *reader) name(start xml.StartElement, line int) (name string) {
	for _, a := range start.Attr {
		if a.Name.Local != "name" {
			r.problem(line, fmt.Sprintf("a pool has no attribute %s", quote(a.Name.Local)), "write <"+a.Name.Local+"> as an element of its own")
			continue
		}
		name = a.Value
	}
	switch {
	case name == "":
		r.problem(line, "a pool has no name", `write <pool name="NAME">`)
	case len(name) > maxName:
		r.problem(line, fmt.Sprintf("the name of a pool has %d bytes", len(name)), fmt.Sprintf("write at most %d", maxName))
		return ""
	}
	return name
}

// field reads one element of a pool.
func (r *reader) field(d *pool.Definition, field string) {
	switch field {
	case "schedulingMode":
		line, text := r.text(field)
		switch strings.ToUpper(text) {
		case "FIFO":
			d.Policy = pool.FIFO
		case "FAIR":
			d.Policy = pool.Fair
		default:
			r.problem(line, fmt.Sprintf("the schedulingMode of pool %q is %s", d.Name, quote(text)), "write FIFO or FAIR")
		}
	case "weight":
		r.number(&d.Weight, d.Name, field, 1)
	case "minShare":
		r.number(&d.MinShare, d.Name, field, 0)
	default:
		r.problem(r.line(), fmt.Sprintf("pool %q has an element <%s>", d.Name, field), "write schedulingMode, weight or minShare")
		r.skip()
	}
}

// number reads an element that holds a number from least to pool.MaxShare.
func (r *reader) number(to *int, name, field string, least int) {
	line, text := r.text(field)
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > pool.MaxShare {
		r.problem(line, fmt.Sprintf("the %s of pool %q is %s", field, name, quote(text)), fmt.Sprintf("write a whole number from %d to %d", least, pool.MaxShare))
		return
	}
	*to = n
}

// text reads the text of an element, and gives the line where the element begins.
func (r *reader) text(field string) (line int, text string) {
	line = r.line()
	for token := r.next(); token != nil; token = r.next() {
		switch token := token.(type) {
		case xml.CharData:
			text += string(token)
		case xml.StartElement:
			r.problem(r.line(), fmt.Sprintf("<%s> has an element <%s> in it", field, token.Name.Local), "write its value only")
			r.skip()
		case xml.EndElement:
			return line, strings.TrimSpace(text)
		}
	}
	return line, strings.TrimSpace(text)
}

// skip reads up to the end of an element that means nothing.
func (r *reader) skip() {
	for depth := 1; depth > 0; {
		switch r.next().(type) {
		case nil:
			return
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
}

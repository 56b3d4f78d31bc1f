package funcs

import (
	"fmt"
	"path/filepath"
	"strings"
)

// CaptureKind says why a function cannot travel.
type CaptureKind uint8

const (
	// Captures: a function literal that uses variables of the function around it.
	Captures CaptureKind = iota + 1
	// MethodValue: x.Method, which carries x.
	MethodValue
	// GenericLiteral: a literal, or an instance by a type parameter, inside a generic function, which carries the type arguments.
	GenericLiteral
	// NilFunc: no function at all.
	NilFunc
)

// String gives the word that error texts use.
func (k CaptureKind) String() string {
	switch k {
	case Captures:
		return "captures"
	case MethodValue:
		return "method value"
	case GenericLiteral:
		return "literal in a generic function"
	case NilFunc:
		return "nil"
	}
	return fmt.Sprintf("CaptureKind(%d)", uint8(k))
}

// CaptureError says that a function cannot travel to executors, why, and what to write instead.
type CaptureError struct {
	Kind  CaptureKind
	Field string // path of the operator's field that holds the function; empty if it was not in an operator
	Name  string // of the function, as in stack traces; empty for nil
	File  string // where the function is; empty if the compiler made it up
	Line  int    // of its first instruction: where it is declared, or the first line of its body
}

// Error says in one line what is refused, where it is, and what to write instead.
func (e *CaptureError) Error() string {
	var b strings.Builder
	if e.Field != "" {
		fmt.Fprintf(&b, "%s: ", e.Field)
	}
	switch e.Kind {
	case Captures:
		fmt.Fprintf(&b, "the function literal %s captures variables, which do not travel to executors: "+
			"pass them to MapWith (or the like verb) as its environment, or in a broadcast", e.where())
	case MethodValue:
		fmt.Fprintf(&b, "the method value %s carries its receiver, which does not travel to executors: "+
			"write the method expression (Type.Method) with MapWith and pass the receiver as its environment", e.where())
	case GenericLiteral:
		fmt.Fprintf(&b, "the function %s is made inside a generic function and so carries (captures) its type arguments: "+
			"use MapFn with a functor struct, whose fields are its environment", e.where())
	case NilFunc:
		b.WriteString("the function is nil: pass a function")
	default:
		fmt.Fprintf(&b, "the function %s does not travel to executors (%v)", e.where(), e.Kind)
	}
	return b.String()
}

// where names the function without the folders of its import path and of its file.
func (e *CaptureError) where() string {
	name := strings.TrimSuffix(e.Name[strings.LastIndexByte(e.Name, '/')+1:], "-fm")
	if e.File == "" {
		return name
	}
	return fmt.Sprintf("%s (%s:%d)", name, filepath.Base(e.File), e.Line)
}

// refuse explains why the function that s describes has no place in the image.
func refuse(s symbol) *CaptureError {
	e := &CaptureError{Kind: Captures, Name: s.name, File: s.file, Line: s.line}
	switch {
	case s.isMethodValue():
		e.Kind = MethodValue
	case s.inGeneric():
		e.Kind = GenericLiteral
	}
	return e
}

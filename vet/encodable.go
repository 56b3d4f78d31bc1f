package vet

import (
	"go/ast"
	"go/types"
	"reflect"
	"slices"
	"strings"
)

// checkTypes checks the type arguments of a call, written or inferred: rows, keys, values and environments.
func (c *checker) checkTypes(call *ast.CallExpr, f *types.Func) {
	args := c.pass.TypesInfo.Instances[nameOf(call.Fun)].TypeArgs
	params := f.Origin().Signature().TypeParams()
	for i := range args.Len() {
		t := args.At(i)
		w := typeWalk{pkg: c.pass.Pkg, codecs: c.codecs, functor: isFunctor(params.At(i))}
		path, word := w.find(t, w.name(t))
		if word == "" || c.reported[t] {
			continue
		}
		c.reported[t] = true
		c.pass.Reportf(call.Pos(), "%s cannot travel to executors: %s: %s; change the field, or leave it out with the tag `kiln:\"-\"`", w.name(t), path, word)
	}
}

// findCodecs notes the types for which the package registers a codec.
func (c *checker) findCodecs(call *ast.CallExpr, f *types.Func) {
	if strings.HasPrefix(f.Name(), "Register") {
		for t := range c.pass.TypesInfo.Instances[nameOf(call.Fun)].TypeArgs.Types() {
			c.codecs[t] = true
		}
	}
}

// isFunctor reports whether the type parameter asks for methods: then its argument is a functor, which may hold functions.
func isFunctor(p *types.TypeParam) bool {
	i, ok := p.Constraint().Underlying().(*types.Interface)
	return ok && i.NumMethods() > 0
}

// typeWalk looks for a part of a type that has no encoding.
type typeWalk struct {
	pkg     *types.Package
	codecs  map[types.Type]bool
	functor bool
	seen    []types.Type
}

// name writes t as the package itself would.
func (w *typeWalk) name(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string {
		if p == w.pkg {
			return ""
		}
		return p.Name()
	})
}

// find gives the path of the first such part and the word for it; no word if all of t can be encoded.
func (w *typeWalk) find(t types.Type, path string) (string, string) {
	if t = types.Unalias(t); slices.Contains(w.seen, t) || w.hasCodec(t) {
		return "", ""
	}
	if n, ok := t.(*types.Named); ok {
		w.seen = append(w.seen, t)
		known, word := w.special(n)
		if known {
			return path, word
		}
		t = n.Underlying()
	}
	switch t := t.(type) {
	case *types.Basic:
		if t.Kind() == types.UnsafePointer {
			return path, "unsafe.Pointer"
		}
	case *types.Chan:
		return path, "chan"
	case *types.Signature:
		if !w.functor {
			return path, "func"
		}
	case *types.Interface:
		return path, "interface without a registered codec"
	case *types.Pointer:
		return w.behind().find(t.Elem(), path)
	case *types.Slice:
		return w.behind().find(t.Elem(), path+"[]")
	case *types.Array:
		return w.behind().find(t.Elem(), path+"[]")
	case *types.Map:
		if p, word := w.behind().find(t.Key(), path+"[key]"); word != "" {
			return p, word
		}
		return w.behind().find(t.Elem(), path+"[]")
	case *types.Struct:
		return w.fields(t, path)
	}
	return "", ""
}

func (w *typeWalk) fields(t *types.Struct, path string) (string, string) {
	for i := range t.NumFields() {
		f := t.Field(i)
		if f.Name() == "_" || reflect.StructTag(t.Tag(i)).Get("kiln") == "-" {
			continue
		}
		if p, word := w.find(f.Type(), path+"."+f.Name()); word != "" {
			return p, word
		}
	}
	return "", ""
}

// behind is the walk beyond a pointer, slice or map, where a functor may not hold functions. It remembers the types above, so
// that recursive types end.
func (w *typeWalk) behind() *typeWalk {
	b := *w
	b.functor = false
	return &b
}

// special knows defined types whose parts do not matter: known says so, word refuses the type.
func (w *typeWalk) special(n *types.Named) (known bool, word string) {
	p := n.Obj().Pkg()
	if p == nil {
		return false, ""
	}
	if inSync(n) {
		return true, p.Name() + "." + n.Obj().Name()
	}
	if p.Path() == kilnPath || strings.HasPrefix(p.Path(), kilnPath+"/internal/") {
		switch n.Obj().Name() {
		case "Broadcast", "Accumulator", "AccumulatorOf":
			return true, ""
		case "RDD", "Session", "TaskContext":
			return true, "kiln." + n.Obj().Name() + ", which lives on one side only"
		}
	}
	if _, ok := n.Underlying().(*types.Interface); ok {
		return false, ""
	}
	binary := hasMethods(n, "MarshalBinary", "UnmarshalBinary")
	text := p != w.pkg && hasMethods(n, "MarshalText", "UnmarshalText")
	return binary || text, ""
}

func (w *typeWalk) hasCodec(t types.Type) bool {
	for c := range w.codecs {
		if types.Identical(c, t) {
			return true
		}
	}
	return false
}

// hasMethods reports whether a pointer to n has all the methods.
func hasMethods(n *types.Named, names ...string) bool {
	for _, name := range names {
		if f, _, _ := types.LookupFieldOrMethod(types.NewPointer(n), true, nil, name); f == nil {
			return false
		}
	}
	return true
}

// inSync reports whether t is a type of package sync or sync/atomic.
func inSync(t types.Type) bool {
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return false
	}
	path := n.Obj().Pkg().Path()
	return path == "sync" || path == "sync/atomic"
}

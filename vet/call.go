package vet

import (
	"go/ast"
	"go/types"
	"strings"
)

// checkCall checks one call of package kiln: the functions among its arguments, and its type arguments.
func (c *checker) checkCall(call *ast.CallExpr, f *types.Func) {
	if !ships(f) {
		return
	}
	sig, ok := c.pass.TypesInfo.TypeOf(call.Fun).(*types.Signature)
	if !ok {
		return
	}
	for i, arg := range call.Args {
		c.checkArgument(arg, parameter(sig, i))
	}
	c.checkTypes(call, f)
}

// ships reports whether function arguments of f go to executors. The program's own entry points and options stay on the driver,
// callbacks of a task are made where they run.
func ships(f *types.Func) bool {
	switch f.Name() {
	case "Main", "Init", "Open":
		return false
	}
	sig := f.Signature()
	if r := sig.Recv(); r != nil && typeName(r.Type()) == "TaskContext" {
		return false
	}
	return sig.Results().Len() == 0 || !strings.HasSuffix(typeName(sig.Results().At(0).Type()), "Option")
}

// typeName gives the name of a defined type, or of the one it points to, without package and arguments.
func typeName(t types.Type) string {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return n.Obj().Name()
	}
	return ""
}

func parameter(sig *types.Signature, i int) types.Type {
	last := sig.Params().Len() - 1
	if sig.Variadic() && i >= last {
		if s, ok := sig.Params().At(last).Type().Underlying().(*types.Slice); ok {
			return s.Elem()
		}
	}
	if i > last {
		return nil
	}
	return sig.Params().At(i).Type()
}

// checkArgument checks a function, or the functions written down in a functor or an environment.
func (c *checker) checkArgument(arg ast.Expr, want types.Type) {
	if isFunction(want) {
		c.checkFunction(arg, arg, 0)
		return
	}
	e := ast.Unparen(arg)
	if u, ok := e.(*ast.UnaryExpr); ok {
		e = ast.Unparen(u.X)
	}
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return
	}
	if _, ok := c.pass.TypesInfo.TypeOf(lit).Underlying().(*types.Struct); !ok {
		return
	}
	for _, field := range lit.Elts {
		if kv, ok := field.(*ast.KeyValueExpr); ok {
			field = kv.Value
		}
		c.checkArgument(field, c.pass.TypesInfo.TypeOf(field))
	}
}

// isFunction reports whether t is a function type, other than a sequence: those are data.
func isFunction(t types.Type) bool {
	if t == nil {
		return false
	}
	if n, ok := types.Unalias(t).(*types.Named); ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "iter" {
		return false
	}
	_, ok := t.Underlying().(*types.Signature)
	return ok
}

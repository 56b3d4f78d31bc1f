package vet

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/analysis"
)

// captured gives the names of the variables of surrounding functions that lit uses, in the order of their first use.
func captured(pass *analysis.Pass, lit *ast.FuncLit) []string {
	var names []string
	ast.Inspect(lit, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		v, ok := pass.TypesInfo.Uses[id].(*types.Var)
		if !ok || v.IsField() || isPackageVar(v) || lit.Pos() <= v.Pos() && v.Pos() < lit.End() {
			return true
		}
		if !slices.Contains(names, v.Name()) {
			names = append(names, v.Name())
		}
		return true
	})
	return names
}

func isPackageVar(v *types.Var) bool { return v.Pkg() != nil && v.Parent() == v.Pkg().Scope() }

// mentionsTypeParameter reports whether a type parameter stands anywhere in t.
func mentionsTypeParameter(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.TypeParam:
		return true
	case *types.Named:
		for arg := range t.TypeArgs().Types() {
			if mentionsTypeParameter(arg) {
				return true
			}
		}
	case *types.Map:
		return mentionsTypeParameter(t.Key()) || mentionsTypeParameter(t.Elem())
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		return mentionsTypeParameter(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			if mentionsTypeParameter(f.Type()) {
				return true
			}
		}
	case *types.Signature:
		return mentionsTypeParameter(t.Params()) || mentionsTypeParameter(t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			if mentionsTypeParameter(v.Type()) {
				return true
			}
		}
	}
	return false
}

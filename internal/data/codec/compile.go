package codec

import (
	"reflect"
	"strings"
)

// compiler compiles one type. Types on the way down are known by a forward column, so that recursive ones end; finished ones are
// remembered, so that types which many fields share cost once.
type compiler struct {
	top  reflect.Type
	open map[reflect.Type]*forward
	done map[reflect.Type]column
}

func compile(t reflect.Type) (column, error) {
	c := compiler{top: t, open: map[reflect.Type]*forward{}, done: map[reflect.Type]column{}}
	name := t.Name()
	if name == "" {
		name = t.String()
	}
	return c.column(t, withoutArguments(name))
}

// withoutArguments leaves out type arguments, which carry package paths.
func withoutArguments(name string) string {
	if i := strings.IndexByte(name, '['); i > 0 {
		return name[:i]
	}
	return name
}

func (c *compiler) column(t reflect.Type, path string) (column, error) {
	if f := c.open[t]; f != nil {
		return f, nil
	}
	if col := c.done[t]; col != nil {
		return col, nil
	}
	f := &forward{}
	c.open[t] = f
	defer delete(c.open, t)
	col, err := c.build(t, path)
	if err != nil {
		return nil, err
	}
	f.to = col
	c.done[t] = col
	return col, nil
}

func (c *compiler) build(t reflect.Type, path string) (column, error) {
	own := customOf(t)
	if own != nil && !mayBePromoted(t) {
		return own, nil
	}
	if why := refusal(t); why != "" {
		return nil, &TypeError{Type: c.top, Path: path, Part: t, Why: why}
	}
	if col := number(t); col != nil {
		return col, nil
	}
	switch t.Kind() {
	case reflect.String:
		return text{}, nil
	case reflect.Array:
		return c.array(t, path)
	case reflect.Slice:
		return c.slice(t, path)
	case reflect.Pointer:
		return c.pointer(t, path)
	case reflect.Map:
		return c.mapping(t, path)
	}
	col, err := c.structure(t, path)
	if err != nil && own != nil {
		return own, nil
	}
	return col, err
}

// number gives the column of a type of fixed size, or nil.
func number(t reflect.Type) column {
	switch t.Kind() {
	case reflect.Bool:
		return bools{}
	case reflect.Int8, reflect.Uint8, reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return raw{t.Size()}
	case reflect.Int16:
		return integers[int16]{}
	case reflect.Int32:
		return integers[int32]{}
	case reflect.Int64:
		return integers[int64]{}
	case reflect.Int:
		return integers[int]{}
	case reflect.Uint16:
		return integers[uint16]{}
	case reflect.Uint32:
		return integers[uint32]{}
	case reflect.Uint64:
		return integers[uint64]{}
	case reflect.Uint:
		return integers[uint]{}
	case reflect.Uintptr:
		return integers[uintptr]{}
	}
	return nil
}

// skipped reports that a field stays behind.
func skipped(f reflect.StructField) bool { return f.Tag.Get("kiln") == "-" }

func (c *compiler) structure(t reflect.Type, path string) (column, error) {
	s := &structure{all: traits{flat: true}}
	var left uintptr
	for i := range t.NumField() {
		f := t.Field(i)
		if skipped(f) {
			left += f.Type.Size()
			s.all.flat = s.all.flat && !hasPointers(f.Type)
			continue
		}
		if f.Type.Kind() == reflect.Struct && f.Type.NumField() == 0 && customOf(f.Type) == nil {
			continue
		}
		col, err := c.column(f.Type, path+"."+f.Name)
		if err != nil {
			return nil, err
		}
		s.fields = append(s.fields, field{col, f.Offset})
		s.all = s.all.and(col.traits())
	}
	s.filler = fillerFor(left)
	if len(s.fields) == 0 && t.Size() > 0 {
		s.filler = max(s.filler, 1)
	}
	s.all.plain = len(s.fields) == 1 && s.fields[0].traits().plain && t.NumField() == 1
	return s, nil
}

func (c *compiler) array(t reflect.Type, path string) (column, error) {
	col, err := c.column(t.Elem(), path+"[]")
	if err != nil {
		return nil, err
	}
	if t.Len() == 0 {
		return &structure{all: traits{flat: true}}, nil
	}
	if _, ok := col.(raw); ok {
		return raw{t.Size()}, nil
	}
	return &array{elem: col, n: t.Len(), size: t.Elem().Size()}, nil
}

func (c *compiler) slice(t reflect.Type, path string) (column, error) {
	if t.Elem().Kind() == reflect.Uint8 && customOf(t.Elem()) == nil {
		return byteSlices{}, nil
	}
	col, err := c.column(t.Elem(), path+"[]")
	if err != nil {
		return nil, err
	}
	return &slices{typ: t, elem: col, of: col.traits(), size: t.Elem().Size()}, nil
}

func (c *compiler) pointer(t reflect.Type, path string) (column, error) {
	col, err := c.column(t.Elem(), path)
	if err != nil {
		return nil, err
	}
	return &pointers{typ: t, many: reflect.SliceOf(t.Elem()), elem: col, of: col.traits(), size: t.Elem().Size()}, nil
}

func (c *compiler) mapping(t reflect.Type, path string) (column, error) {
	k, err := c.column(t.Key(), path+"[key]")
	if err != nil {
		return nil, err
	}
	v, err := c.column(t.Elem(), path+"[]")
	if err != nil {
		return nil, err
	}
	return &maps{
		typ: t, of: k.traits().and(v.traits()), keys: half{k, t.Key().Size(), reflect.SliceOf(t.Key())},
		values: half{v, t.Elem().Size(), reflect.SliceOf(t.Elem())}, dynamic: holdsInterface(t.Key()),
	}, nil
}

// hasPointers reports whether the garbage collector looks into values of the type.
func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	}
	return t.Kind() > reflect.Complex128
}

// holdsInterface reports whether a value of a comparable type may turn out not to be comparable.
func holdsInterface(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Struct:
		for i := range t.NumField() {
			if holdsInterface(t.Field(i).Type) {
				return true
			}
		}
	case reflect.Array:
		return holdsInterface(t.Elem())
	}
	return false
}
